// The official client of OpenAI: one option more. Streams as well.
import OpenAI from "openai";

import AgentCacheOverflow from "@agentcache/overflow-client";

const overflow = new AgentCacheOverflow({ apiKey: process.env.AGENTCACHE_API_KEY });
const openai = new OpenAI({ fetch: overflow.fetch() });

const question = { model: "gpt-4o-mini", messages: [{ role: "user", content: "Say hello." }] };
const first = await openai.chat.completions.create(question);
await overflow.flush(); // only to show it
const second = await openai.chat.completions.create(question); // OpenAI is not asked
console.log(second.choices[0].message.content === first.choices[0].message.content);
console.log(overflow.counts().overflow_hits);
await overflow.close();

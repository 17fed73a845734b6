// The official client of Anthropic: one option more. Streams as well.
import Anthropic from "@anthropic-ai/sdk";

import AgentCacheOverflow from "@agentcache/overflow-client";

const overflow = new AgentCacheOverflow({ apiKey: process.env.AGENTCACHE_API_KEY });
const anthropic = new Anthropic({ fetch: overflow.fetch() });

const question = {
  model: "claude-haiku-4-5", max_tokens: 100, messages: [{ role: "user", content: "Say hello." }],
};
const first = await anthropic.messages.create(question);
await overflow.flush(); // only to show it
const second = await anthropic.messages.create(question); // Anthropic is not asked
console.log(second.content[0].text === first.content[0].text);
console.log(overflow.counts().overflow_hits);
await overflow.close();

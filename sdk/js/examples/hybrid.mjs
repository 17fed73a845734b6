// Exact matches from the overflow, near ones from a vector database, else the model.
import { HybridCache } from "@agentcache/overflow-client";

const cache = new HybridCache({
  exact: { apiKey: process.env.AGENTCACHE_API_KEY },
  semantic: { provider: "qdrant", url: process.env.QDRANT_URL, collection: "answers" },
  embed: async (text) => Array.from({ length: 8 }, (_, at) => text.length % (at + 2)), // your embedder
  threshold: 0.95,
});

let calls = 0;
const model = async (prompt) => ({ text: `answer ${(calls += 1)} to: ${prompt}` });

await cache.ask("What is a cache?", model);
await cache.overflow.flush(); // only to show it
console.log((await cache.ask("What is a cache?", model)).text);
await cache.close();

// A cache of your own: three functions.
import AgentCacheOverflow from "@agentcache/overflow-client";

const overflow = new AgentCacheOverflow({ apiKey: process.env.AGENTCACHE_API_KEY });
const mine = new Map();
const cache = overflow.wrap({
  name: "map",
  get: (key) => mine.get(key),
  set: (key, value, ttl) => mine.set(key, value),
  delete: (key) => mine.delete(key),
});

await cache.set("greeting", { text: "hello" }, 600);
await overflow.flush();
mine.clear(); // say it was full
console.log((await cache.get("greeting")).text);
console.log((await cache.answer("nothing")).reason);
await overflow.close();

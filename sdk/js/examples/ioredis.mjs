// ioredis: the import and one option are what changes.
import { Redis } from "@agentcache/overflow-client/ioredis";

const redis = new Redis(process.env.REDIS_URL, {
  overflow: { apiKey: process.env.AGENTCACHE_API_KEY, threshold: "100ms", prefixes: ["llm:"] },
});

await redis.setex("llm:greeting", 600, "hello");
await redis.overflow.flush(); // only to show it: the store goes out in the background
console.log(await redis.get("llm:greeting"));
await redis.del("llm:greeting"); // purged in the overflow before this returns
console.log(await redis.get("llm:greeting"));
await redis.overflow.close();
redis.disconnect();

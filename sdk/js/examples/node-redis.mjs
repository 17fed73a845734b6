// node-redis: the import and one option are what changes.
import { createClient } from "@agentcache/overflow-client/node-redis";

const client = createClient({
  url: process.env.REDIS_URL,
  overflow: { apiKey: process.env.AGENTCACHE_API_KEY, threshold: "100ms", prefixes: ["llm:"] },
});
await client.connect();

await client.set("llm:greeting", "hello", { EX: 600 });
console.log(await client.get("llm:greeting"));
await client.del("llm:greeting");
console.log(await client.get("llm:greeting"));
await client.overflow.close();
await client.close();

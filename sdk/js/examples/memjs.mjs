// memjs: wrap the client you have.
import memjs from "memjs";

import { withOverflow } from "@agentcache/overflow-client/memjs";

const cache = withOverflow(memjs.Client.create(process.env.MEMCACHE_SERVERS), {
  apiKey: process.env.AGENTCACHE_API_KEY, threshold: "100ms",
});

await cache.set("greeting", "hello", { expires: 600 });
console.log((await cache.get("greeting")).value.toString());
await cache.delete("greeting");
console.log((await cache.get("greeting")).value);
await cache.overflow.close();
cache.close();

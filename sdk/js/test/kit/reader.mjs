// Another process that reads a key through a wrapper: `node reader.mjs KIND PORT OPTIONS`. It prints
// what it got and how many values it wrote back.

import memjs from "memjs";
import redis from "redis";

import { AgentCacheOverflow } from "../../src/index.mjs";
import { Redis } from "../../src/ioredis.mjs";
import { withOverflow as memcachedWith } from "../../src/memjs.mjs";
import { createClient } from "../../src/node-redis.mjs";

const [kind, port, options] = process.argv.slice(2);
const overflow = new AgentCacheOverflow(JSON.parse(options));

const READ = {
  async ioredis() {
    const client = new Redis({ port: Number(port), overflow });
    const got = await client.get("k");
    await overflow.flush();
    client.disconnect();
    return got;
  },
  async "node-redis"() {
    const client = createClient({ socket: { port: Number(port) }, overflow });
    await client.connect();
    const got = await client.get("k");
    await overflow.flush();
    client.destroy();
    return got;
  },
  async wrap() {
    const client = await redis.createClient({ socket: { port: Number(port) } }).connect();
    const cache = overflow.wrap({
      get: (key) => client.get(key), set: (key, value) => client.set(key, String(value)), delete: (key) => client.del(key),
    });
    const got = await cache.get("k");
    await overflow.flush();
    client.destroy();
    return got;
  },
  async memjs() {
    const client = memcachedWith(memjs.Client.create(`127.0.0.1:${port}`), overflow);
    const { value } = await client.get("k");
    await overflow.flush();
    client.close();
    return value;
  },
};

const got = String(await READ[kind]());
console.log(JSON.stringify([got, overflow.counts().repairs ?? 0]));
await overflow.close();

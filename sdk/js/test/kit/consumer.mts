import AgentCacheOverflow, { HybridCache, OverflowError, digest, type Answer, type Options } from "@agentcache/overflow-client";
import { Redis, Cluster } from "@agentcache/overflow-client/ioredis";
import { withOverflow } from "@agentcache/overflow-client/memjs";
import { createClient } from "@agentcache/overflow-client/node-redis";

const options: Options = { apiKey: "k", threshold: "100ms", prefixes: ["llm:"], privacy: "hash" };
const overflow = new AgentCacheOverflow(options);
const answer: Answer = await overflow.get({ key: "k", metadata: { team: "search" } });
const hit: boolean = answer.hit;
const taken: boolean = overflow.put({ request: { provider: "openai", model: "gpt-4" }, response: {}, ttl: 60 });
const wrapped: Promise<unknown> = overflow.wrap({ get: () => null }).get("k");
const asked: typeof fetch = overflow.fetch({ provider: "openai" });
const redis = new Redis({ host: "x", lazyConnect: true, overflow: { provider: "agentcache", ...options } });
const value: string | null = await redis.get("k");
const counts = redis.overflow?.counts();
const cluster = new Cluster([{ host: "x" }], { overflow });
const client = createClient({ url: "redis://x", overflow });
const text = await client.get("k");
const cache = new HybridCache({ exact: "agentcache", semantic: "pinecone" });
const near: Answer = await cache.semantic.search("q", 0.9);
const hex: string = digest({ provider: "openai", model: "gpt-4" });
const memcached = withOverflow({ get: async (key: string) => key }, overflow);
const got: Promise<string> = memcached.get("k");
console.log(hit, taken, wrapped, asked, value, counts, cluster, text, near, hex, got, OverflowError);
// @ts-expect-error no such option
new AgentCacheOverflow({ nonsense: 1 });
// @ts-expect-error no such mode
new AgentCacheOverflow({ privacy: "loud" });
// @ts-expect-error a response is missing
overflow.put({ key: "k" });

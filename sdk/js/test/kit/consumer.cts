import AgentCacheOverflow = require("@agentcache/overflow-client");
import Redis = require("@agentcache/overflow-client/ioredis");

const options: AgentCacheOverflow.Options = { apiKey: "k", revenueShare: 0.3, partnerId: "redis-labs" };
const overflow: AgentCacheOverflow = new AgentCacheOverflow(options);
const answer: Promise<AgentCacheOverflow.Answer> = overflow.get({ key: "k" });
const cache = new AgentCacheOverflow.HybridCache({ semantic: "qdrant", embed: () => [1] });
const redis = new Redis({ overflow: { apiKey: "k" } });
const value: Promise<string | null> = redis.get("k");
const other = new Redis.Redis({ overflow });
console.log(answer, cache, value, other, AgentCacheOverflow.digest({ provider: "p", model: "m" }));

// The listing "Partner SDK", as written. It leaves open what `localGet` does, and the class is not used.

// ── as written ──────────────────────────────────────────────────────────────
// NPM: @agentcache/overflow-client
const AgentCacheOverflow = require('@agentcache/overflow-client');

const overflow = new AgentCacheOverflow({
  partnerId: 'redis-labs',
  apiKey: process.env.AGENTCACHE_PARTNER_KEY,
  revenueShare: 0.30  // Redis gets 30%
});

// In Redis client library
class RedisClient {
  async get(key) {
    const local = await this.localGet(key);
    if (local) return local;
    
    // Overflow to AgentCache
    return await overflow.get({
      key: key,
      metadata: { redis_miss: true }
    });
  }
}
// ── until here ──────────────────────────────────────────────────────────────

RedisClient.prototype.localGet = async () => null;

async function main() {
  const answer = await new RedisClient().get(process.argv[2] ?? 'greeting:42');
  console.log(answer.hit, answer.response);
  await overflow.close();
}

main();

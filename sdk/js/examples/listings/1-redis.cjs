// The listing "Redis client with AgentCache fallback", as written. It leaves open where `Redis` comes
// from, what `key` is, and it awaits outside a function, which CommonJS cannot: hence the frame.

const { Redis } = require('@agentcache/overflow-client/ioredis');
const key = process.argv[2] ?? 'greeting:42';

async function main() {
// ── as written ──────────────────────────────────────────────────────────────
// Redis client with AgentCache fallback
const redis = new Redis({
  overflow: {
    provider: 'agentcache',
    apiKey: process.env.AGENTCACHE_API_KEY,
    threshold: '100ms' // fallback if Redis > 100ms
  }
});

const cached = await redis.get(key);
// If Redis miss → automatic AgentCache lookup
// ── until here ──────────────────────────────────────────────────────────────
console.log(cached);
await redis.overflow.close();
redis.disconnect();
}

main();

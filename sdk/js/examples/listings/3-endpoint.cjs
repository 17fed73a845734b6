// The listing "Overflow API Endpoint". It is no JavaScript as written: an object that begins a statement is
// read as a block, in which `"provider": …` is a syntax error, and `[...]` spreads nothing. It is the body
// of a request, so here it has a name and a message.

// ── as written ──────────────────────────────────────────────────────────────
// POST /api/overflow
const body = {
  "provider": "redis",
  "customer_id": "acme-corp",
  "cache_key": "sha256_hash",
  "original_request": {
    "provider": "openai",
    "model": "gpt-4",
    "messages": [{ role: "user", content: "What is a cache?" }]
  },
  "metadata": {
    "redis_latency": 150,  // why they overflowed to us
    "region": "us-east-1"
  }
};
// ── until here ──────────────────────────────────────────────────────────────

async function main() {
  const base = process.env.AGENTCACHE_BASE_URL ?? 'http://127.0.0.1:8001';
  const response = await fetch(`${base}/api/overflow`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${process.env.AGENTCACHE_PARTNER_KEY}`, 'content-type': 'application/json',
    },
    body: JSON.stringify(body),
  });
  const { hit, billing } = await response.json();
  console.log(response.status, hit, billing.partner_id);
}

main();

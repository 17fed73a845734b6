// The listing "Hybrid cache: exact + semantic", as written. It leaves open where `HybridCache`, `llm` and
// `prompt` come from; it awaits and returns outside a function, which CommonJS cannot: hence the frame.
// `threshold=0.95` is no named argument, which JavaScript does not have: it assigns a variable nobody
// declared (only sloppy mode lets that pass: no "use strict" here, and no ECMAScript module) and passes 0.95.

const { HybridCache } = require('@agentcache/overflow-client');
let calls = 0;
const llm = { call: async (prompt) => ({ text: `answer ${++calls} to: ${prompt}` }) };
let opened;

async function answer(prompt) {
// ── as written ──────────────────────────────────────────────────────────────
// Hybrid cache: exact + semantic
const cache = new HybridCache({
  exact: 'agentcache',      // 45ms, exact matches
  semantic: 'pinecone'       // 200ms, similarity matches
});

// Check exact cache first
const exact = await cache.exact.get(prompt);
if (exact.hit) return exact.response;

// Fall back to semantic similarity
const similar = await cache.semantic.search(prompt, threshold=0.95);
if (similar.hit) return similar.response;

// Cache miss - call LLM
const response = await llm.call(prompt);
await cache.exact.set(prompt, response);
// ── until here ──────────────────────────────────────────────────────────────
opened = cache;
}

async function main() {
  const prompt = process.argv[2] ?? 'What is a cache?';
  await answer(prompt); // the model is asked
  await opened?.close(); // what was stored is sent
  console.log((await answer(prompt)).text); // and now it is not
}

main();

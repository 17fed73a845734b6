/**
 * What a read came to.
 * @typedef {object} Answer
 * @property {boolean} hit
 * @property {any} response JSON, or a Buffer where bytes were stored; null on a miss
 * @property {"primary" | "overflow" | "l1" | "semantic" | "nobody"} answeredBy
 * @property {string} status the server's word: "hit", "semantic_hit", "stale", "miss" …
 * @property {string} reason why it is a miss: the server's word, or ours; "" on a hit
 * @property {"" | "miss" | "slow" | "error" | "capacity"} overflowReason why the overflow was asked
 * @property {number} latencyMs
 * @property {number} costSaved US dollars
 * @property {number | null} similarity
 * @property {string | null} eventId
 * @property {string | null} entryId
 * @property {{id?: string, role: "leader" | "follower", wait_ms?: number} | null} lease
 * @property {number | null} ttlMs what is left of the entry's life
 * @property {any} entry the entry as the overflow names it
 */

/** @returns {Answer} */
export function miss(reason, more) {
  return {
    hit: false, response: null, answeredBy: "nobody", status: "miss", reason, overflowReason: "",
    latencyMs: 0, costSaved: 0, similarity: null, eventId: null, entryId: null, lease: null,
    ttlMs: null, entry: null, ...more,
  };
}

/** @returns {Answer} */
export function found(response, answeredBy, more) {
  return { ...miss("", { hit: true, status: "hit" }), response, answeredBy, ...more };
}

/**
 * The answer that a lookup's JSON is, its `response` still as it travels; null for what is none.
 * @returns {Answer | null}
 */
export function read(body) {
  if (typeof body !== "object" || body === null || typeof body.hit !== "boolean") return null;
  if (body.hit && (body.response === undefined || body.response === null)) return null;
  const { entry, billing } = body;
  const expiresAt = Date.parse(entry?.expires_at ?? "");
  return miss(body.hit ? "" : String(body.reason ?? "not_found"), {
    hit: body.hit,
    response: body.hit ? body.response : null,
    answeredBy: body.hit ? "overflow" : "nobody",
    status: String(body.status ?? (body.hit ? "hit" : "miss")),
    costSaved: Number(body.cost_saved) || 0,
    similarity: body.similarity ?? null,
    eventId: billing?.event_id ?? null,
    entryId: entry?.id ?? null,
    lease: body.lease ?? null,
    entry: entry ?? null,
    ttlMs: Number.isNaN(expiresAt) ? null : Math.max(0, expiresAt - Date.now()),
  });
}

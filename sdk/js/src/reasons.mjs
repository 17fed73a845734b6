/** Our own reasons for a miss, as opposed to the server's: the overflow could not say. */
const OURS = new Set([
  "deadline", "unreachable", "rate_limited", "refused", "server_error", "garbage", "breaker_open",
  "not_canonical", "purging", "closed", "unavailable",
]);

/** Whether the overflow could not answer, rather than having nothing. */
export function couldNotAnswer(answer) {
  return OURS.has(answer.reason);
}

/** Reasons for a miss that mean: the overflow could not say, as opposed to having nothing. */
const OURS = new Set([
  "deadline", "unreachable", "rate_limited", "refused", "server_error", "garbage", "breaker_open",
  "not_canonical", "purging", "closed",
  "unavailable", "purged", // the server's words for the same
]);

/** Whether the overflow could not answer, rather than having nothing. */
export function couldNotAnswer(answer) {
  return OURS.has(answer.reason);
}

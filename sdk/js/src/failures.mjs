// What an error of a primary means, told from its text: clients have no common classes.

const NO_ROOM = /^OOM\b|out of memory|no room|too large|object too large/i;
/** A reply of Redis about the server rather than the command. */
const SERVER = /^(?:LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|READONLY|BUSY|MISCONF|NOREPLICAS|UNBLOCKED)\b/;
const OWN = /^(?:[A-Z]{3,}[A-Z0-9]*)(?: |$)/;

/**
 * "no_room" (the value may live elsewhere), "own" (the caller's mistake: a wrong type, a missing
 * right) or "failure" (the primary is in trouble).
 * @param {any} error
 */
export function failureOf(error) {
  if (error instanceof TypeError || error instanceof RangeError) return "own";
  const text = String(error?.message ?? error);
  if (NO_ROOM.test(text)) return "no_room";
  const isReply = /ReplyError|ErrorReply|SimpleError/.test(`${error?.name} ${error?.constructor?.name}`);
  if (isReply && !SERVER.test(text) && OWN.test(text)) return "own";
  return "failure";
}

/** Bytes of a value as a primary would hold it, nearly. */
export function sizeOf(value) {
  if (value instanceof Uint8Array) return value.length;
  return Buffer.byteLength(typeof value === "string" ? value : JSON.stringify(value) ?? "");
}

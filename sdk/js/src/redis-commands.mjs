// What the commands of the Redis protocol mean to an overflow: which read a value, which write one
// with a known lifetime, which take one away or change it. One table for every client.

const TTL_UNITS = {
  EX: (given) => given, PX: (given) => given / 1_000,
  EXAT: (given, now) => given - now / 1_000, PXAT: (given, now) => (given - now) / 1_000,
};
/** A shorter life is not worth an entry: its lifetime is whole seconds. */
const MIN_TTL_S = 1;

const first = (args) => args.slice(0, 1);
const second = (args) => args.slice(1, 2);
const both = (args) => args.slice(0, 2);
const every = (args) => args;
const counted = (args) => args.slice(2, 2 + (Number(args[1]) || 0));
const alternate = (args) => args.slice(1, 1 + 2 * (Number(args[0]) || 0)).filter((_, at) => at % 2 === 0);
const stored = (args) => {
  const at = args.findIndex((each) => /^store$/i.test(String(each)));
  return at === -1 ? [] : args.slice(at + 1, at + 2);
};

/**
 * Commands after which what the overflow has may be wrong, by the keys that they change. Those of
 * lists, hashes, sets … are not among them: they change nothing that GET finds.
 */
const CHANGES = new Map();
/** @type {[(args: any[]) => any[], string][]} */
const BY_KEYS = [
  [first, `append decr decrby incr incrby incrbyfloat setrange setbit bitfield getdel expire pexpire
    expireat pexpireat persist restore move delex delifeq sunionstore sinterstore sdiffstore
    zunionstore zinterstore zdiffstore zrangestore pfmerge geosearchstore`],
  [second, "copy bitop"],
  [both, "rename renamenx"],
  [every, "del unlink"],
  [counted, "eval evalsha fcall"],
  [alternate, "msetex"],
  [(args) => (args.length > 1 ? first(args) : []), "getex"],
  [stored, "sort georadius georadiusbymember"],
];
for (const [keys, names] of BY_KEYS) {
  for (const name of names.split(/\s+/)) CHANGES.set(name, keys);
}
const FLUSHES = new Set(["flushall", "flushdb", "swapdb"]);

/**
 * @typedef {{key: any, value: any}} Pair
 * @typedef {{kind: "get", key: any} | {kind: "mget", keys: any[]}
 *   | {kind: "set", pairs: Pair[], ttl: number | undefined, reply: "ok" | "one" | "any", isPlain: boolean}
 *   | {kind: "change", keys: any[]} | {kind: "flush"} | null} Meaning
 *   `isPlain`: an unconditional SET of one value, which the overflow alone could keep; `reply` says
 *   that the value was written
 */

/**
 * @param {string} name of the command, in any case
 * @param {any[]} args
 * @param {number} [now] milliseconds since the epoch
 * @returns {Meaning} null: nothing to an overflow
 */
export function meaningOf(name, args, now = Date.now()) {
  const lower = name.toLowerCase();
  const known = READS_AND_WRITES[lower];
  if (known !== undefined) return known(args, now);
  const keys = CHANGES.get(lower);
  if (keys !== undefined) return changeOf(keys(args));
  return FLUSHES.has(lower) ? { kind: "flush" } : null;
}

/** @param {any[]} keys @returns {Meaning} */
function changeOf(keys) {
  return keys.length === 0 ? null : { kind: "change", keys };
}

const READS_AND_WRITES = Object.assign(Object.create(null), {
  get: ([key]) => ({ kind: "get", key }),
  mget: (args) => ({ kind: "mget", keys: args }),
  set: (args, now) => set(args, now),
  setex: ([key, ttl, value]) => written(key, value, Number(ttl), "ok", true),
  psetex: ([key, ttl, value]) => written(key, value, Number(ttl) / 1_000, "ok", true),
  setnx: ([key, value]) => written(key, value, undefined, "one", false),
  getset: ([key, value]) => written(key, value, undefined, "any", false),
  mset: (args) => many(args, "ok"),
  msetnx: (args) => many(args, "one"),
});

function written(key, value, ttl, reply, isPlain) {
  if (ttl !== undefined && !(ttl >= MIN_TTL_S)) return { kind: "change", keys: [key] };
  return { kind: "set", pairs: [{ key, value }], ttl, reply, isPlain };
}

function many(args, reply) {
  const pairs = [];
  for (let at = 0; at + 1 < args.length; at += 2) pairs.push({ key: args[at], value: args[at + 1] });
  return { kind: "set", pairs, ttl: undefined, reply, isPlain: false };
}

function set([key, value, ...options], now) {
  let ttl;
  let isPlain = true;
  for (let at = 0; at < options.length; at += 1) {
    const word = String(options[at]).toUpperCase();
    if (word in TTL_UNITS) {
      at += 1;
      ttl = TTL_UNITS[word](Number(options[at]), now);
    } else if (word === "NX" || word === "XX") {
      isPlain = false;
    } else {
      return { kind: "change", keys: [key] }; // KEEPTTL, GET, IFEQ …: not told what was written
    }
  }
  return written(key, value, ttl, "ok", isPlain);
}

/** Whether a reply says that the value was written. */
export function wasWritten(reply, wanted) {
  if (wanted === "any") return true;
  return String(reply) === (wanted === "ok" ? "OK" : "1") || reply === true;
}

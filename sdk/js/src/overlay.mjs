// A caller's own cache with the overflow behind it: sdk/BEHAVIOUR.md, "A read through a wrapper" and
// "A write through a wrapper". Wrappers of Redis and Memcached clients say what their commands mean;
// what is done about it is decided here.

import { about } from "./about.mjs";
import { miss } from "./answer.mjs";
import { Breaker } from "./breaker.mjs";
import { Budget } from "./budget.mjs";
import { failureOf, sizeOf } from "./failures.mjs";
import { Race } from "./race.mjs";
import { couldNotAnswer } from "./reasons.mjs";

const HEDGES_SAVED = 10;
const MAX_ELSEWHERE = 10_000;
const MAX_BYTES = 8 * 1024 * 1024; // what the edge takes

/**
 * @typedef {import("./answer.mjs").Answer} Answer
 *
 * @typedef {object} Primary one read of the caller's own cache
 * @property {() => Promise<any>} ask
 * @property {(value: any) => boolean} isMiss
 * @property {(value: any, ttlMs: number | null) => Promise<any>} repair writes an overflow's value
 *   back, without overwriting; resolves to whether it did
 * @property {(value: any) => Promise<any>} unrepair takes that value away, and no other
 * @property {boolean} [isJudged] false: not for the breaker, a sibling of the same command is
 */

export class Overlay {
  /**
   * @param {import("./client.mjs").AgentCacheOverflow} client
   * @param {{name: string, bytesOnly?: boolean}} about `name`: the kind of primary, as in `provider`
   */
  constructor(client, { name, bytesOnly = false }) {
    this.client = client;
    this.name = name;
    this.bytesOnly = bytesOnly;
    this.settings = client.settings;
    this.count = client.count;
    this.maxBytes = this.settings.maxPrimaryBytes ?? Infinity;
    this.budget = new Budget(this.settings.hedgeBudget, this.settings.hedgeBudget > 0 ? HEDGES_SAVED : 0);
    this.trouble = "slow"; // what opened the breaker
    this.breaker = new Breaker({
      changed: (state) =>
        client.notices.warn(`primary_${state}`, `The breaker of ${name} is ${state}.`, 0),
    });
    this.elsewhere = new Set(); // wire keys that only the overflow has
    this.watches = new Map(); // wire key → what happened to it while somebody watches
    this.repairs = new Map(); // wire key → the repair under way
    this.takesAll = this.settings.prefixes.includes("");
  }

  /**
   * Whether a key takes part.
   * @param {string | Uint8Array} key
   */
  takes(key) {
    if (this.takesAll) return true;
    const text = typeof key === "string" ? key : Buffer.from(key).toString("utf8");
    return this.settings.prefixes.some((prefix) => text.startsWith(prefix));
  }

  /**
   * A read of a key that takes part. Rejects with the primary's own error only, unless strict.
   * @param {string | Uint8Array} key
   * @param {Primary} primary
   * @returns {Promise<Answer>}
   */
  read(key, primary) {
    this.count("calls");
    if (this.elsewhere.size > 0 && this.elsewhere.has(this.client.keyOf(key))) {
      return this.onlyElsewhere(key, primary);
    }
    if (this.breaker.openUntil !== 0 && !this.breaker.admits()) return this.around(key, primary);
    this.budget.earn();
    return new Promise((resolve, reject) => {
      new Race(this, key, primary, resolve, reject).start();
    });
  }

  /**
   * A write of a key that takes part. Resolves to what `write` does, or to `instead` where the
   * overflow alone has the value.
   * @param {string | Uint8Array} key
   * @param {any} value
   * @param {number | undefined} ttl seconds
   * @param {{write: () => Promise<any>, drop: () => Promise<any>, instead?: any,
   *   isDone?: (reply: any) => boolean}} primary `drop` deletes the key there; `isDone`: whether a
   *   reply says that the value was written
   */
  async write(key, value, ttl, { write, drop, instead, isDone }) {
    const size = sizeOf(value);
    const canKeep = () => size <= MAX_BYTES && this.client.edge.admits() && !this.client.isClosed;
    const keep = () => this.keepElsewhere(key, value, ttl, drop, instead);
    if (size > this.maxBytes && canKeep()) return keep();
    try {
      return await this.written([{ key, value }], ttl, write, isDone);
    } catch (error) {
      if (failureOf(error) !== "no_room" || !canKeep()) throw error;
      return keep();
    }
  }

  /**
   * Does `write` and then stores what it wrote, in the background; not what was deleted meanwhile.
   * @param {{key: any, value: any}[]} pairs
   * @param {number | undefined} ttl
   * @param {() => Promise<any>} write
   * @param {(reply: any) => boolean} [isDone]
   */
  async written(pairs, ttl, write, isDone = () => true) {
    const watches = pairs.map(({ key }) => {
      this.touch(this.client.keyOf(key));
      return this.watch(key, true);
    });
    try {
      const reply = await write();
      if (isDone(reply)) {
        pairs.forEach(({ key, value }, at) => watches[at].isKept() && this.store(key, value, ttl));
      }
      return reply;
    } finally {
      for (const watch of watches) watch.done();
    }
  }

  /** Stores a value that the primary has taken, in the background. */
  store(key, value, ttl) {
    const id = this.client.keyOf(key);
    this.touch(id);
    this.elsewhere.delete(id);
    // The overflow keeps nothing that is empty. What it does not take leaves no older value there.
    const isTaken = sizeOf(value) > 0 && this.put(key, value, ttl);
    if (!isTaken) this.client.background(this.forget([key]));
  }

  /**
   * Purges keys in the overflow; afterwards the primary may go on.
   * @param {(string | Uint8Array)[]} keys
   */
  async forget(keys) {
    const ids = keys.map((key) => this.client.keyOf(key));
    for (const id of ids) {
      this.touch(id, true);
      this.elsewhere.delete(id);
    }
    await Promise.all([this.client.deleteAll(ids), ...ids.map((id) => this.repairs.get(id))]);
  }

  /** Everything, for a primary that is flushed. */
  async forgetEverything() {
    this.elsewhere.clear();
    for (const id of this.watches.keys()) this.touch(id, true);
    await Promise.all([this.client.deleteEverything(), ...this.repairs.values()]);
  }

  /** The answer of a key that does not take part. */
  passed(value) {
    return value === null || value === undefined ? miss("") : { ...PRIMARY_HIT, response: value };
  }

  // ── inside ────────────────────────────────────────────────────────────────

  put(key, response, ttl) {
    return this.client.put({ key, response, ttl, about: about(response) });
  }

  async keepElsewhere(key, value, ttl, drop, instead) {
    const id = this.client.keyOf(key);
    this.touch(id);
    this.elsewhere.add(id);
    if (this.elsewhere.size > MAX_ELSEWHERE) {
      const [oldest] = this.elsewhere;
      this.elsewhere.delete(oldest);
    }
    await this.client.deleteAll([id]); // no repair of another process writes an older value
    this.put(key, value, ttl);
    await drop().catch(() => {});
    return instead;
  }

  async onlyElsewhere(key, primary) {
    const { answer, release } = await this.look(key, "capacity");
    const isUsed = answer.hit && this.isFit(answer);
    release(isUsed);
    if (isUsed) return this.taken(key, answer, "capacity");
    const without = this.unfit(answer);
    if (couldNotAnswer(without)) return this.nobody(without, "capacity");
    // It is gone; meanwhile another process may have set a value that fits.
    this.elsewhere.delete(this.client.keyOf(key));
    const value = await primary.ask();
    return primary.isMiss(value) ? this.nobody(without, "capacity") : this.fromPrimary(value, "capacity");
  }

  /** While the primary's breaker is open: the overflow at once. */
  async around(key, primary) {
    const why = this.trouble;
    const { answer, release } = await this.look(key, why);
    const isUsed = answer.hit && this.isFit(answer);
    release(isUsed);
    if (isUsed) return this.taken(key, answer, why);
    const without = this.unfit(answer);
    if (why === "error" && !couldNotAnswer(without)) return this.nobody(without, why);
    const value = await primary.ask();
    return primary.isMiss(value) ? this.nobody(without, why) : this.fromPrimary(value, why);
  }

  /** One read of the primary, for its breaker. */
  judged(isGood, trouble) {
    if (isGood) return this.breaker.succeeded();
    if (this.breaker.openUntil === 0) this.trouble = trouble;
    this.breaker.failed();
  }

  look(key, reason, primaryMs) {
    this.count(`reason_${reason}`);
    // A write is under way: what the overflow has may be the value before it.
    if (this.watches.size > 0 && this.watches.get(this.client.keyOf(key))?.writers > 0) {
      this.count("overflow_purging");
      return Promise.resolve({ answer: miss("purging"), release() {} });
    }
    return this.client.look({ key, reason, primary: this.name, primaryMs });
  }

  isFit(answer) {
    return !this.bytesOnly || answer.response instanceof Uint8Array;
  }

  /** A miss as it is; a hit that is not what this wrapper stores is one as well. */
  unfit(answer) {
    if (!answer.hit || this.isFit(answer)) return answer.hit ? miss("deadline") : answer;
    this.count("overflow_garbage");
    return miss("garbage");
  }

  fromPrimary(value, overflowReason) {
    this.count("primary_hits");
    return { ...PRIMARY_HIT, response: value, overflowReason };
  }

  nobody(answer, overflowReason) {
    this.count("misses");
    return { ...answer, overflowReason };
  }

  /** A hit of the overflow as the caller's answer, written back to `primary` if one is given. */
  taken(key, answer, overflowReason, primary, watch) {
    this.count(answer.answeredBy === "l1" ? "l1_hits" : "overflow_hits");
    if (primary !== undefined && answer.answeredBy === "overflow") this.repair(key, answer, primary, watch);
    return { ...answer, overflowReason };
  }

  repair(key, answer, primary, watch) {
    const { response, ttlMs } = answer;
    const isWanted = this.settings.readRepair && this.breaker.openUntil === 0 && ttlMs !== 0;
    if (!isWanted || sizeOf(response) > this.maxBytes || !watch.isCurrent()) return;
    const id = this.client.keyOf(key);
    const repairing = this.repaired(id, answer, primary).then((isDone) => isDone && this.count("repairs"), () => {});
    const repair = repairing.finally(() => this.repairs.get(id) === repair && this.repairs.delete(id));
    this.repairs.set(id, repair);
    this.client.background(repair);
  }

  /**
   * Another process may delete the key meanwhile: it purges first, then deletes. So what was written
   * is asked for again: either we hear of the purge, or its delete comes after our write.
   */
  async repaired(id, answer, primary) {
    const { response, ttlMs } = answer;
    const isWritten = await primary.repair(response, ttlMs).catch(() => undefined); // it may be
    if (isWritten === false) return false;
    if (isWritten && (await this.client.stillHas(id, answer))) return true;
    await primary.unrepair(response);
    return false;
  }

  touch(id, isDelete = false) {
    const watched = this.watches.get(id);
    if (watched === undefined) return;
    watched.version += 1;
    if (isDelete) watched.deletes += 1;
  }

  /** Tells whether a key was written or deleted since (`isCurrent`), or deleted; `done` must follow. */
  watch(key, isWriter = false) {
    const id = this.client.keyOf(key);
    const watched = this.watches.get(id) ?? { watchers: 0, writers: 0, version: 0, deletes: 0 };
    this.watches.set(id, watched);
    watched.watchers += 1;
    watched.writers += Number(isWriter);
    const { version, deletes } = watched;
    return {
      isCurrent: () => watched.version === version,
      isKept: () => watched.deletes === deletes,
      done: () => {
        watched.watchers -= 1;
        watched.writers -= Number(isWriter);
        if (watched.watchers === 0) this.watches.delete(id);
      },
    };
  }
}

const PRIMARY_HIT = miss("", { hit: true, status: "hit", answeredBy: "primary" });

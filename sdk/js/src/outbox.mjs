// What the overflow is still to be told: stores, purges, feedback. Bounded, sent in the background,
// in one order per key. A store that is given up under a caller's own key becomes a purge, because
// what lies there is then older than what the caller has.

import { within } from "./timers.mjs";

const BATCH_ITEMS = 100;
const BATCH_BYTES = 4 * 1024 * 1024;
const MAX_PURGES = 10_000;
const MAX_FEEDBACKS = 1_000;
const FLUSH_MS = 50;
const RETRY_MS = 1_000;
/** Stands for every key: no wire key has a line break. */
export const EVERYTHING = "\n";

/**
 * @typedef {object} Store
 * @property {string} id what it replaces: a later store of the same id wins
 * @property {boolean} isKeyed whether `id` is a caller's own key: what lies there may be out of date
 * @property {string} item the batch item, JSON
 * @property {unknown} value what a read gets while it waits
 *
 * @typedef {object} Doors how things are sent; each rejects where nobody answered
 * @property {(items: string[]) => Promise<number[]>} batch statuses, in order
 * @property {(keys: string[] | null) => Promise<void>} purge `null`: everything
 * @property {(feedback: object) => Promise<void>} feedback
 * @property {() => boolean} admits whether sending makes sense now
 * @property {(name: string, by?: number) => void} count
 */

export class Outbox {
  /**
   * @param {{storeItems: number, storeBytes: number}} settings
   * @param {Doors} doors
   */
  constructor(settings, doors) {
    this.settings = settings;
    this.doors = doors;
    this.stores = new Map(); // id → Store, the oldest first
    this.bytes = 0;
    this.flying = new Map(); // id → {store, landed}
    this.purges = new Map(); // key → the attempt on its way, or null
    this.feedbacks = new Set();
    this.timer = undefined;
    this.round = undefined;
  }

  get size() {
    return this.stores.size + this.flying.size + this.purges.size + this.feedbacks.size;
  }

  /** The store of this id that is not through yet, or undefined. */
  waiting(id) {
    return this.stores.get(id) ?? this.flying.get(id)?.store;
  }

  /** Whether a purge of this key is not acknowledged yet. */
  isPurging(key) {
    return this.purges.size > 0 && (this.purges.has(key) || this.purges.has(EVERYTHING));
  }

  /** @param {Store} store */
  store(store) {
    this.forget(store.id);
    this.stores.set(store.id, store);
    this.bytes += store.item.length;
    const { storeItems, storeBytes } = this.settings;
    while (this.stores.size > storeItems || this.bytes > storeBytes) {
      const [oldest] = this.stores.values();
      this.forget(oldest.id);
      this.giveUp(oldest, "stores_dropped");
    }
    if (this.stores.size >= BATCH_ITEMS) this.flush();
    else this.wake(FLUSH_MS);
  }

  /**
   * Purges keys (null: everything). Rejects when that was not acknowledged; it is repeated then.
   * @param {string[] | null} keys
   */
  async purge(keys) {
    const marks = keys ?? [EVERYTHING];
    if (keys === null) for (const { id } of [...this.stores.values()]) this.forget(id);
    for (const mark of marks) {
      this.forget(mark);
      this.purges.set(mark, null);
    }
    this.boundPurges();
    const under = keys === null ? [...this.flying.values()] : keys.map((key) => this.flying.get(key));
    await Promise.all(under.map((each) => each?.landed));
    await this.sendPurge(marks);
  }

  /** @param {object} feedback body of POST /api/overflow/feedback */
  feedback(feedback) {
    if (this.feedbacks.size >= MAX_FEEDBACKS) return;
    this.feedbacks.add(feedback);
    this.wake(FLUSH_MS);
  }

  /** Sends what there is; gives up after so many milliseconds. True where nothing is left. */
  async drain(limitMs) {
    const until = performance.now() + limitMs;
    while (this.size > 0 && performance.now() < until) {
      const left = until - performance.now();
      await within(left, this.flush());
      if (this.size > 0) await pause(Math.min(FLUSH_MS, left));
    }
    return this.size === 0;
  }

  stop() {
    clearTimeout(this.timer);
    this.stopped = true;
  }

  // ── inside ────────────────────────────────────────────────────────────────

  wake(inMs) {
    if (this.timer !== undefined || this.round !== undefined || this.stopped) return;
    this.timer = setTimeout(() => this.flush(), inMs);
    this.timer.unref();
  }

  /** One round at a time; resolves after it, and never rejects. */
  flush() {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.round ??= this.sendAll().then((done) => {
      this.round = undefined;
      if (this.size > 0) this.wake(done ? FLUSH_MS : RETRY_MS);
    });
    return this.round;
  }

  /** Whether all of it could be sent. */
  async sendAll() {
    try {
      await this.sendPurges();
      await this.sendStores();
      await this.sendFeedbacks();
      return true;
    } catch {
      return false; // counted where it was sent; what may be repeated is still here
    }
  }

  async sendPurges() {
    const marks = [...this.purges].filter(([, attempt]) => attempt === null).map(([key]) => key);
    for (let at = 0; at < marks.length && this.doors.admits(); at += BATCH_ITEMS) {
      await this.sendPurge(marks.slice(at, at + BATCH_ITEMS));
    }
  }

  async sendPurge(marks) {
    const attempt = this.doors.purge(marks.includes(EVERYTHING) ? null : marks);
    for (const mark of marks) if (this.purges.has(mark)) this.purges.set(mark, attempt);
    const settle = (then) => {
      for (const mark of marks) if (this.purges.get(mark) === attempt) then(mark);
    };
    try {
      await attempt;
      settle((mark) => this.purges.delete(mark));
    } catch (error) {
      settle((mark) => this.purges.set(mark, null));
      this.wake(RETRY_MS);
      throw error;
    }
  }

  async sendStores() {
    while (this.stores.size > 0 && this.doors.admits()) {
      const batch = this.take();
      const sending = this.doors.batch(batch.map((store) => store.item));
      const landed = sending.then(() => {}, () => {});
      for (const store of batch) this.flying.set(store.id, { store, landed });
      let statuses = [];
      try {
        statuses = await sending;
      } finally {
        batch.forEach((store, at) => this.land(store, statuses[at] ?? 0));
      }
    }
  }

  land(store, status) {
    this.flying.delete(store.id);
    if (status === 200 || status === 201) return this.doors.count("stores");
    if (this.stores.has(store.id)) return this.doors.count("stores_failed"); // a later one follows
    this.giveUp(store, "stores_failed");
  }

  take() {
    const batch = [];
    let bytes = 0;
    for (const store of this.stores.values()) {
      if (batch.length === BATCH_ITEMS) break;
      if (batch.length > 0 && bytes + store.item.length > BATCH_BYTES) break;
      batch.push(store);
      bytes += store.item.length;
    }
    for (const { id } of batch) this.forget(id);
    return batch;
  }

  async sendFeedbacks() {
    for (const feedback of [...this.feedbacks]) {
      if (!this.doors.admits()) return;
      await this.doors.feedback(feedback);
      this.feedbacks.delete(feedback);
    }
  }

  giveUp(store, counter) {
    this.doors.count(counter);
    if (!store.isKeyed || this.purges.has(store.id)) return;
    this.purges.set(store.id, null);
    this.boundPurges();
    this.wake(RETRY_MS);
  }

  forget(id) {
    const store = this.stores.get(id);
    if (store === undefined) return;
    this.stores.delete(id);
    this.bytes -= store.item.length;
  }

  boundPurges() {
    if (this.purges.size <= MAX_PURGES) return;
    this.purges.clear();
    this.purges.set(EVERYTHING, null);
  }
}

function pause(ms) {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

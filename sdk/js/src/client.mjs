// The client: what an application or a wrapper asks the overflow. Nothing here rejects, unless the
// client is strict; sdk/BEHAVIOUR.md is the contract of both languages.

import { isDeepStrictEqual } from "node:util";

import { miss } from "./answer.mjs";
import { Edge, OverflowError } from "./edge.mjs";
import { atExit } from "./exit.mjs";
import { fetchBehind } from "./fetch.mjs";
import { Lookups } from "./lookups.mjs";
import { name } from "./naming.mjs";
import { Notices } from "./notices.mjs";
import { settings as settingsOf } from "./options.mjs";
import { Outbox } from "./outbox.mjs";
import { pack, wireKey } from "./payload.mjs";
import { within } from "./timers.mjs";
import { VERSION } from "./version.mjs";
import { WrappedCache } from "./wrap.mjs";

const PATH = "/api/overflow";
const PING_MS = 5_000;

/**
 * @typedef {import("./answer.mjs").Answer} Answer
 * @typedef {import("./options.mjs").Options} Options
 *
 * @typedef {object} Target what an entry is found by: one of them, or a request with a semanticKey
 * @property {string | Uint8Array} [key] the caller's own key
 * @property {Record<string, any>} [request] the provider request, with `provider` and `model`
 * @property {string} [semanticKey] an intent key, matched exactly
 *
 * @typedef {Target & {metadata?: Record<string, any>}} Lookup
 * @typedef {Target & {response: any, ttl?: number, tags?: string[] | Record<string, string>,
 *   usage?: Record<string, any>}} Put `ttl` in seconds; `response` is bytes or JSON
 */

export class AgentCacheOverflow {
  /** @param {Options} [options] Throws TypeError for a wrong one. */
  constructor(options) {
    const settings = settingsOf(options);
    this.settings = settings;
    this.sdk = `agentcache-js/${VERSION}${settings.application ? ` ${settings.application}` : ""}`;
    this.notices = new Notices();
    this.count = this.notices.count;
    this.edge = new Edge(settings, this.sdk, this.notices);
    this.scope = { customer_id: settings.customerId, namespace: settings.namespace };
    this.lookups = new Lookups(this);
    this.tasks = new Set(); // repairs, and whatever else goes on beside
    this.isClosed = false;
    this.outbox = new Outbox(settings, {
      batch: (items) => this.sendBatch(items),
      purge: (keys) => this.sendPurge(keys),
      feedback: (body) => this.tell(`${PATH}/feedback`, body).catch((error) => {
        if (error.reason !== "refused") throw error; // else it would be refused again
      }),
      admits: () => this.edge.admits(),
      count: this.count,
    });
    this.unregister = atExit(this);
  }

  /**
   * Looks something up.
   * @param {Lookup & {format?: "sse"}} lookup `format`: a provider's answer as its stream
   * @returns {Promise<Answer>} rejects only in strict mode
   */
  async get(lookup) {
    this.count("calls");
    const started = performance.now();
    const { answer, release } = await this.look(lookup);
    release(answer.hit);
    this.count(answer.hit ? (answer.answeredBy === "l1" ? "l1_hits" : "overflow_hits") : "misses");
    return { ...answer, latencyMs: performance.now() - started };
  }

  /**
   * Stores something in the background; returns at once.
   * @param {Put & {responseFormat?: "sse", responseText?: string, about?: any}} put
   *   `responseFormat: "sse"`: the response is a provider's stream as one text; `responseText`: its
   *   JSON as it was spelt; `about`: further members
   * @returns {boolean} whether it was taken: not what has no JSON form, or no identity
   */
  put(put) {
    if (this.isClosed) return this.refuse(new OverflowError("closed"));
    try {
      const named = name(put, this.settings);
      if (named === null) return this.refuse(new OverflowError("not_canonical"));
      const store = this.storeOf(put, named);
      this.lookups.forget(named.id);
      this.outbox.store(store);
      return true;
    } catch (error) {
      return this.refuse(error);
    }
  }

  /**
   * Removes one entry everywhere.
   * @param {{key?: string | Uint8Array, request?: Record<string, any>}} target
   * @returns {Promise<boolean>} whether the purge was acknowledged; if not, it is repeated
   */
  async delete({ key, request }) {
    const named = this.nameOr({ key, request });
    return typeof named === "string" ? false : this.deleteAll([named.id]);
  }

  /**
   * Purges by selectors, as `POST /api/overflow/purge` documents them.
   * @param {Record<string, any>} selectors
   * @returns {Promise<any>} the purge's JSON; null when it failed
   */
  async purge(selectors) {
    await this.outbox.drain(this.settings.deadline); // what waits may be among what is meant
    this.lookups.forgetAll();
    this.count("purges");
    const asked = this.tell(`${PATH}/purge`, { ...this.scope, ...selectors });
    return asked.catch((error) => this.failed(error, "purges_failed"));
  }

  /**
   * Why two requests are, or are not, the same.
   * @param {{left: Record<string, any>, right: Record<string, any>}} requests
   * @returns {Promise<any>} null when it failed
   */
  async explain({ left, right }) {
    return this.tell(`${PATH}/explain`, { left, right }).catch((error) => this.failed(error));
  }

  /**
   * Usage figures: `start`, `end`, `granularity`, `by`, `customer`.
   * @param {Record<string, string>} [parameters]
   * @returns {Promise<any>} null when it failed
   */
  async stats(parameters = {}) {
    const query = new URLSearchParams(parameters).toString();
    const path = `${PATH}/stats${query ? `?${query}` : ""}`;
    const asked = this.edge.call("GET", path, undefined, { portal: true });
    return asked.catch((error) => this.failed(error));
  }

  /**
   * Is it there, and is the key good?
   * @returns {Promise<{ok: boolean, status: number, latencyMs: number, problem: any}>}
   */
  async ping() {
    const started = performance.now();
    const told = (ok, status, problem) => ({
      ok, status, latencyMs: performance.now() - started, problem,
    });
    // Explaining two requests needs a key and is neither metered nor billed.
    const same = { provider: "ping", model: "ping" };
    try {
      const body = JSON.stringify({ left: same, right: same });
      const answer = await this.edge.wire.call("POST", `${PATH}/explain`, body, { limitMs: PING_MS });
      const ok = answer.status === 200;
      return told(ok, answer.status, ok ? null : answer.body);
    } catch (error) {
      return told(false, 0, { code: error.reason ?? "unreachable" });
    }
  }

  /**
   * Tells that a hit was wrong: its entry goes, and it goes off the bill.
   * @param {{eventId: string, entryId?: string}} hit
   * @returns {Promise<boolean>} whether it was accepted
   */
  async feedback({ eventId, entryId }) {
    this.lookups.forgetAll();
    const body = { ...this.scope, event_id: eventId, entry_id: entryId, correct: false };
    const asked = this.tell(`${PATH}/feedback`, body);
    return asked.then(() => true, (error) => Boolean(this.failed(error)));
  }

  /** This process's counters. */
  counts() {
    return { ...this.notices.numbers };
  }

  /**
   * Waits for the background queue.
   * @param {number} [ms] at most so long; `drain` by default
   * @returns {Promise<boolean>} whether nothing is left
   */
  async flush(ms = this.settings.drain) {
    const until = performance.now() + ms;
    await within(ms, Promise.all(this.tasks));
    return this.outbox.drain(until - performance.now());
  }

  /** Drains the queue, then drops connections and memory. */
  async close() {
    if (this.isClosed) return;
    this.isClosed = true;
    await this.flush();
    this.outbox.stop();
    this.unregister();
    this.edge.close();
    this.lookups.forgetAll();
  }

  /**
   * A cache of one's own with the overflow behind it.
   * @param {import("./wrap.mjs").Functions} functions
   */
  wrap(functions) {
    return new WrappedCache(this, functions);
  }

  /**
   * A fetch for the official clients of OpenAI, Anthropic and others: `new OpenAI({fetch})`.
   * @param {import("./fetch.mjs").FetchOptions} [options]
   */
  fetch(options) {
    return fetchBehind(this, options);
  }

  /** Printed, it shows where it goes and nothing else. */
  [Symbol.for("nodejs.util.inspect.custom")]() {
    return `AgentCacheOverflow { ${this.settings.baseUrl} }`;
  }

  toJSON() {
    return { baseUrl: this.settings.baseUrl };
  }

  // ── for wrappers ──────────────────────────────────────────────────────────

  /**
   * A lookup that its asker may have no use for: `release(wasUsed)` must follow.
   * @param {Lookup & {format?: "sse", reason?: string, primary?: string, primaryMs?: number}} lookup
   * @returns {Promise<{answer: Answer, release: (wasUsed: boolean) => void}>}
   */
  async look(lookup) {
    const named = this.nameOr(lookup);
    const near = typeof named === "string" ? miss(named) : this.lookups.nearby(named);
    return near === null ? this.lookups.join(/** @type {any} */ (named), lookup) : { answer: near, release: nothing };
  }

  /** Purges wire keys. Resolves to whether that was acknowledged; it is repeated until it is. */
  async deleteAll(ids) {
    const keys = ids.filter((id) => id !== undefined);
    if (keys.length === 0) return true;
    for (const key of keys) this.lookups.forget(key);
    try {
      await this.soon(this.outbox.purge(keys));
      return true;
    } catch (error) {
      return Boolean(this.failed(error));
    }
  }

  /** Purges everything of this customer and namespace, for a primary that was flushed. */
  async deleteEverything() {
    this.lookups.forgetAll();
    try {
      await this.soon(this.outbox.purge(null));
      return true;
    } catch (error) {
      return Boolean(this.failed(error));
    }
  }

  /**
   * Whether the very entry of an answer is still there; asked unmetered. False where that is not
   * known.
   * @param {string} id a wire key
   * @param {Answer} answer
   * @returns {Promise<boolean>}
   */
  async stillHas(id, { entry }) {
    if (this.isClosed || entry === null) return false;
    const body = { ...this.scope, cache_keys: [id], dry_run: true };
    try {
      const { entries } = await this.soon(this.tell(`${PATH}/purge`, body));
      return Array.isArray(entries) && entries.some((one) => isDeepStrictEqual(one, entry));
    } catch {
      return false; // counted by nobody: the value goes, as if it had never been written
    }
  }

  /** The wire key of a caller's own key. */
  keyOf(key) {
    return wireKey(key, this.settings);
  }

  /** Lets `flush` and `close` wait for something that goes on in the background. */
  background(task) {
    const watched = task.catch(() => {}).finally(() => this.tasks.delete(watched));
    this.tasks.add(watched);
  }

  // ── inside ────────────────────────────────────────────────────────────────

  /** How the wire knows it, or the reason for which it is not asked. Throws in strict mode. */
  nameOr(lookup) {
    if (this.isClosed) return this.complain(new OverflowError("closed"));
    try {
      return name(lookup, this.settings) ?? this.complain(new OverflowError("not_canonical"));
    } catch (error) {
      if (this.settings.strict) throw error;
      return this.complain(new OverflowError("refused", { cause: error }));
    }
  }

  storeOf(put, named) {
    const { response, ttl, tags, responseFormat, responseText, about } = put;
    const key = named.members.cache_key ?? "";
    const lease_id = this.lookups.leaseOf(named.id);
    // Where the request stays at home, the edge cannot tell whose usage the response speaks of.
    const usage = put.usage ?? (named.members.model === undefined ? undefined : response?.usage);
    const metadata = { sdk: this.sdk };
    const plain = { op: "store", ...this.scope, ...named.members, ...about, ttl, tags, lease_id, metadata };
    if (usage !== undefined) plain.usage = usage;
    delete plain.response_format;
    if (responseFormat !== undefined) plain.response_format = responseFormat;
    const members = JSON.stringify(plain);
    // JSON that came from a provider is passed on as it was spelt.
    const text = responseText ?? pack(response, key, this.settings);
    return {
      id: named.id, isKeyed: named.isKeyed, value: responseFormat === undefined ? response : undefined,
      item: `${members.slice(0, -1)},"response":${text}}`,
    };
  }

  async sendBatch(items) {
    const body = `{"items":[${items.join(",")}]}`;
    const told = await this.counted(this.edge.call("POST", `${PATH}/batch`, body));
    if (!Array.isArray(told.items)) return [];
    return told.items.map((each) => Number(each?.status) || 0);
  }

  async sendPurge(keys) {
    this.count("purges");
    const { namespace, customer_id } = this.scope;
    const isAll = keys === null && namespace === undefined && customer_id === undefined;
    const selectors = { ...this.scope, cache_keys: keys ?? undefined, all: isAll || undefined };
    try {
      await this.counted(this.tell(`${PATH}/purge`, selectors));
    } catch (error) {
      this.count("purges_failed");
      throw error;
    }
  }

  async counted(asked) {
    try {
      return await asked;
    } catch (error) {
      this.note(error);
      throw error;
    }
  }

  tell(path, body) {
    return this.edge.call("POST", path, JSON.stringify(body));
  }

  /** Nobody could use this hit: it goes off the bill. A stale one is not on it. */
  takeBack(hit) {
    if (hit.status === "stale" || hit.eventId === null) return;
    this.count("hedges_lost");
    if (!this.isClosed) this.outbox.feedback({ ...this.scope, event_id: hit.eventId, reason: "unused" });
  }

  /** At most the deadline is waited for what goes on by itself. */
  soon(task) {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new OverflowError("deadline")), this.settings.deadline);
    });
    task.catch(() => {});
    return Promise.race([task, late]).finally(() => clearTimeout(timer));
  }

  /** Counts and says a failure. Null, or throws in strict mode. */
  failed(error, counter) {
    if (counter) this.count(counter);
    this.complain(error);
    return null;
  }

  refuse(error) {
    this.complain(error);
    return false;
  }

  /** The reason of a failure, counted and said. Throws in strict mode. */
  complain(error) {
    const reason = this.note(error);
    if (this.settings.strict) throw error;
    return reason;
  }

  note(error) {
    const reason = error instanceof OverflowError ? error.reason : "refused";
    this.count(`overflow_${reason}`);
    const code = error.problem?.code ? ` (${error.problem.code})` : "";
    this.notices.warn(reason, `The overflow cache was not of use: ${reason}${code}.`);
    return reason;
  }
}

function nothing() {}

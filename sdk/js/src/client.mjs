// The client: what an application or a wrapper asks the overflow. Nothing here rejects, unless the
// client is strict; sdk/BEHAVIOUR.md is the contract of both languages.

import { found, miss, read } from "./answer.mjs";
import { NotCanonical, digest } from "./digest.mjs";
import { Edge, OverflowError } from "./edge.mjs";
import { atExit } from "./exit.mjs";
import { fetchBehind } from "./fetch.mjs";
import { Flight } from "./flight.mjs";
import { Memory } from "./memory.mjs";
import { Notices } from "./notices.mjs";
import { settings as settingsOf } from "./options.mjs";
import { Outbox } from "./outbox.mjs";
import { Garbage, pack, unpack, wireDigest, wireKey } from "./payload.mjs";
import { VERSION } from "./version.mjs";
import { WrappedCache } from "./wrap.mjs";

const MAX_LEASES = 1_000;

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
    this.l1 = new Memory(settings.l1Bytes);
    this.flights = new Map();
    this.leases = new Map(); // wire id → lease id
    this.tasks = new Set(); // repairs under way
    this.epoch = 0; // counts deletes: what was asked before one is not kept after it
    this.isClosed = false;
    this.outbox = new Outbox(settings, {
      batch: (items) => this.sendBatch(items),
      purge: (keys) => this.sendPurge(keys),
      feedback: (body) => this.edge.call("POST", "/api/overflow/feedback", JSON.stringify(body)),
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
   * @param {Put & {responseFormat?: "sse", responseText?: string}} put `responseFormat: "sse"`: the
   *   response is a provider's stream as one text; `responseText`: its JSON as it was spelt
   * @returns {boolean} whether it was taken: not what has no JSON form, or no identity
   */
  put(put) {
    if (this.isClosed) return this.refuse(new OverflowError("closed"));
    try {
      const named = this.name(put);
      if (named === null) return this.refuse(new OverflowError("not_canonical"));
      this.outbox.store(this.storeOf(put, named));
      this.l1.delete(named.id);
      this.l1.delete(`${named.id} sse`);
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
    this.forgetAll();
    this.count("purges");
    const asked = this.tell("POST", "/api/overflow/purge", { ...this.scope, ...selectors });
    return asked.catch((error) => this.failed(error, "purges_failed"));
  }

  /**
   * Why two requests are, or are not, the same.
   * @param {{left: Record<string, any>, right: Record<string, any>}} requests
   * @returns {Promise<any>} null when it failed
   */
  async explain({ left, right }) {
    return this.tell("POST", "/api/overflow/explain", { left, right }).catch((error) => this.failed(error));
  }

  /**
   * Usage figures: `start`, `end`, `granularity`, `by`, `customer`.
   * @param {Record<string, string>} [parameters]
   * @returns {Promise<any>} null when it failed
   */
  async stats(parameters = {}) {
    const query = new URLSearchParams(parameters).toString();
    const path = `/api/overflow/stats${query ? `?${query}` : ""}`;
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
      const answer = await this.edge.wire.call("POST", "/api/overflow/explain", body, { limitMs: 5_000 });
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
    this.epoch += 1;
    this.l1.clear();
    const body = { ...this.scope, event_id: eventId, entry_id: entryId, correct: false };
    const asked = this.tell("POST", "/api/overflow/feedback", body);
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
    await Promise.all(this.tasks);
    return this.outbox.drain(ms);
  }

  /** Drains the queue, then drops connections and memory. */
  async close() {
    if (this.isClosed) return;
    this.isClosed = true;
    await this.flush();
    this.outbox.stop();
    this.unregister();
    this.edge.close();
    this.l1.clear();
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

  // ── for wrappers ──────────────────────────────────────────────────────────

  /**
   * A lookup that its asker may have no use for: `release(wasUsed)` must follow.
   * @param {Lookup & {format?: "sse", reason?: string, primary?: string, primaryMs?: number}} lookup
   * @returns {Promise<{answer: Answer, release: (wasUsed: boolean) => void}>}
   */
  async look(lookup) {
    const named = this.nameOr(lookup);
    if (typeof named === "string") return this.nothing(named);
    const near = this.nearby(named);
    if (near !== null) return { answer: near, release: nothing };
    const flight = this.flightFor(named, lookup);
    flight.hold();
    const release = (wasUsed) => (wasUsed ? flight.take() : flight.leave());
    try {
      return { answer: await flight.answer, release };
    } catch (error) {
      flight.leave();
      throw error;
    }
  }

  /** Purges wire keys. Resolves to whether that was acknowledged; it is repeated until it is. */
  async deleteAll(ids) {
    const keys = ids.filter((id) => id !== undefined);
    if (keys.length === 0) return true;
    for (const key of keys) this.forgetNear(key);
    try {
      await this.soon(this.outbox.purge(keys));
      return true;
    } catch (error) {
      return Boolean(this.failed(error));
    }
  }

  /** Purges everything of this customer and namespace, for a primary that was flushed. */
  async deleteEverything() {
    this.forgetAll();
    try {
      await this.soon(this.outbox.purge(null));
      return true;
    } catch (error) {
      return Boolean(this.failed(error));
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
      return this.name(lookup) ?? this.complain(new OverflowError("not_canonical"));
    } catch (error) {
      if (this.settings.strict) throw error;
      return this.complain(new OverflowError("refused", { cause: error }));
    }
  }

  /**
   * @param {any} target
   * `id` tells entries of this client apart, `mark` answers of them, `members` go into the body,
   * `isShared` is for what no caller's key leads to: it may be kept in the process. Null for what
   * is not canonical. Throws for what is no target.
   */
  name({ key, request, semanticKey, format }) {
    const isPlain = this.settings.privacy === "plain";
    const members = { cache_key: undefined, original_request: undefined };
    if (semanticKey !== undefined && isPlain) members.semantic_key = semanticKey;
    if (key !== undefined) members.cache_key = this.keyOf(key);
    if (request === undefined) {
      if (key === undefined && members.semantic_key === undefined) {
        throw new TypeError("A key, a request or a semanticKey is needed.");
      }
      const id = members.cache_key ?? `semantic ${semanticKey}`;
      return { id, mark: id, isKeyed: key !== undefined, isShared: false, members };
    }
    const identity = digestOf(request);
    if (identity === null) return null;
    if (isPlain) members.original_request = request;
    else members.cache_key ??= wireDigest(identity, this.settings);
    if (format !== undefined) members.response_format = format;
    const id = members.cache_key ?? identity;
    const mark = format === undefined ? id : `${id} ${format}`;
    return { id, mark, isKeyed: key !== undefined, isShared: key === undefined, members };
  }

  /** What this process knows without asking: a store that waits, a purge under way, the L1. */
  nearby(named) {
    const waiting = named.members.response_format ? undefined : this.outbox.waiting(named.id);
    if (waiting?.value !== undefined) return found(waiting.value, "l1");
    if (this.outbox.isPurging(named.id)) {
      this.count("overflow_purging");
      return miss("purging");
    }
    if (!named.isShared) return null;
    const kept = this.l1.get(named.mark);
    return kept === undefined ? null : { ...kept, answeredBy: "l1" };
  }

  nothing(reason) {
    return { answer: miss(reason), release: nothing };
  }

  flightFor(named, lookup) {
    const { singleFlight } = this.settings;
    const { mark } = named;
    const running = singleFlight ? this.flights.get(mark) : undefined;
    if (running !== undefined) return running;
    const flight = new Flight(
      (late) => this.ask(named, lookup, late),
      (hit) => this.takeBack(hit),
    );
    if (singleFlight) {
      this.flights.set(mark, flight);
      const land = () => this.flights.get(mark) === flight && this.flights.delete(mark);
      flight.answer.then(land, land);
    }
    return flight;
  }

  async ask(named, lookup, late) {
    const opened = (body) => this.opened(body, named);
    const { epoch } = this;
    try {
      const body = this.bodyOf(named, lookup);
      const told = await this.edge.lookup(body, (lateBody) => {
        const answer = opened(lateBody);
        if (answer !== null) late(answer);
      });
      const answer = opened(told);
      if (answer === null) {
        this.edge.breaker.failed();
        throw new OverflowError("garbage");
      }
      this.learn(told, answer, named, epoch);
      return answer;
    } catch (error) {
      return miss(this.complain(error));
    }
  }

  bodyOf(named, { metadata, reason, primary, primaryMs }) {
    return JSON.stringify({
      provider: primary, ...this.scope, ...named.members,
      lease: this.settings.lease && named.members.response_format === undefined ? true : undefined,
      metadata: { ...metadata, sdk: this.sdk, primary, reason, primary_latency: primaryMs },
    });
  }

  /** The answer in a lookup's JSON; null where it is none, or cannot be opened. */
  opened(body, named) {
    const answer = read(body);
    if (answer === null || !answer.hit) return answer;
    try {
      const key = named.members.cache_key ?? "";
      answer.response = unpack(answer.response, key, this.settings);
      return answer;
    } catch (error) {
      if (error instanceof Garbage) return null;
      throw error;
    }
  }

  learn(told, answer, named, epoch) {
    this.compare(told.billing ?? {});
    if (answer.lease?.id !== undefined) {
      this.leases.set(named.id, answer.lease.id);
      if (this.leases.size > MAX_LEASES) this.leases.delete(this.leases.keys().next().value);
    }
    if (!answer.hit || !named.isShared || answer.status === "stale" || epoch !== this.epoch) return;
    const ttl = Math.min(this.settings.l1Ttl, answer.ttlMs ?? Infinity);
    if (this.settings.l1Bytes > 0 && ttl > 0) {
      this.l1.set(named.mark, answer, JSON.stringify(told.response).length * 2, ttl);
    }
  }

  /** `partnerId` and `revenueShare` are expectations: a difference is said once, nothing moves. */
  compare(billing) {
    const { partnerId, revenueShare } = this.settings;
    if (partnerId !== undefined && billing.partner_id !== undefined && billing.partner_id !== partnerId) {
      const message = `This key belongs to the partner ${billing.partner_id}, not to ${partnerId}.`;
      this.notices.once("partner", message);
    }
    const share = billing.revenue_share;
    if (revenueShare !== undefined && share !== undefined && share !== revenueShare) {
      const message = `The agreement's revenue share is ${share}, not ${revenueShare}; the agreement counts.`;
      this.notices.once("revenue_share", message);
    }
  }

  storeOf(put, named) {
    const { response, ttl, tags, usage, responseFormat, responseText } = put;
    const key = named.members.cache_key ?? "";
    const lease_id = this.leases.get(named.id);
    this.leases.delete(named.id);
    const plain = { op: "store", ...this.scope, ...named.members, ttl, tags, usage, lease_id };
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
    const told = await this.counted(this.edge.call("POST", "/api/overflow/batch", body));
    if (!Array.isArray(told.items)) return [];
    return told.items.map((each) => Number(each?.status) || 0);
  }

  async sendPurge(keys) {
    this.count("purges");
    const { namespace, customer_id } = this.scope;
    const isAll = keys === null && namespace === undefined && customer_id === undefined;
    const selectors = { ...this.scope, cache_keys: keys ?? undefined, all: isAll || undefined };
    try {
      await this.counted(this.edge.call("POST", "/api/overflow/purge", JSON.stringify(selectors)));
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

  tell(method, path, body) {
    return this.edge.call(method, path, JSON.stringify(body));
  }

  /** Nobody could use this hit: it goes off the bill. A semantic one would be judged wrong. */
  takeBack(hit) {
    this.count("hedges_lost");
    if (hit.status === "semantic_hit" || hit.eventId === null || this.isClosed) return;
    this.outbox.feedback({ ...this.scope, event_id: hit.eventId, correct: false });
  }

  forgetNear(id) {
    this.epoch += 1;
    this.leases.delete(id);
    for (const mark of [id, `${id} sse`]) {
      this.flights.delete(mark);
      this.l1.delete(mark);
    }
  }

  forgetAll() {
    this.epoch += 1;
    this.l1.clear();
    this.flights.clear();
    this.leases.clear();
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

/** The request's digest; null where it has no canonical form. Throws for what is no request. */
function digestOf(request) {
  try {
    return digest(request);
  } catch (error) {
    if (error instanceof NotCanonical) return null;
    throw error;
  }
}

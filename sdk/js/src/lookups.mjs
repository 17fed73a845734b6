// Lookups on their way and what was learnt from them: one flight for all who ask the same, answers kept
// in the process, leases, and what the answers say about partner and share.

import { found, miss, read } from "./answer.mjs";
import { OverflowError } from "./edge.mjs";
import { Flight } from "./flight.mjs";
import { Memory } from "./memory.mjs";
import { markOf } from "./naming.mjs";
import { Garbage, unpack } from "./payload.mjs";

const MAX_LEASES = 1_000;
const KEPT = Object.freeze({ answeredBy: "l1" });

/** @typedef {import("./naming.mjs").Named} Named */

export class Lookups {
  /** @param {import("./client.mjs").AgentCacheOverflow} client */
  constructor(client) {
    this.client = client;
    this.settings = client.settings;
    this.l1 = new Memory(client.settings.l1Bytes);
    this.flights = new Map(); // mark → Flight
    this.leases = new Map(); // id → the lease that a store takes along
    this.epoch = 0; // counts deletes: what was asked before one is not kept after it
  }

  /** What this process knows without asking: a store that waits, a purge under way, the L1. */
  nearby(/** @type {Named} */ named) {
    const { outbox, count } = this.client;
    const waiting = named.mark === named.id ? outbox.waiting(named.id) : undefined;
    if (waiting?.value !== undefined) return found(copied(waiting.value), "l1");
    if (outbox.isPurging(named.id)) {
      count("overflow_purging");
      return miss("purging");
    }
    const kept = named.isShared ? this.l1.get(named.mark) : undefined;
    return kept === undefined ? null : { ...kept.answer, ...KEPT, response: JSON.parse(kept.text) };
  }

  /**
   * The answer, and `release(wasUsed)`, which must follow.
   * @param {Named} named
   * @param {any} lookup
   */
  async join(named, lookup) {
    const running = this.settings.singleFlight ? this.flights.get(named.mark) : undefined;
    const flight = running ?? this.start(named, lookup);
    flight.hold();
    try {
      const answer = await flight.answer;
      const release = (/** @type {boolean} */ wasUsed) => (wasUsed ? flight.take() : flight.leave());
      // One answer for many: what one of them changes in it is not the others'.
      return { answer: running === undefined ? answer : { ...answer, response: copied(answer.response) }, release };
    } catch (error) {
      flight.leave();
      throw error;
    }
  }

  /** What was asked or kept so far is not the answer any more. */
  forget(/** @type {string} */ id) {
    this.epoch += 1;
    this.leases.delete(id);
    for (const mark of [id, markOf(id, "sse")]) {
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

  /** The lease of a lookup that missed, once. */
  leaseOf(/** @type {string} */ id) {
    const lease = this.leases.get(id);
    this.leases.delete(id);
    return lease;
  }

  // ── inside ────────────────────────────────────────────────────────────────

  start(named, lookup) {
    const flight = new Flight(
      (late) => this.ask(named, lookup, late),
      (hit) => this.client.takeBack(hit),
    );
    if (this.settings.singleFlight) {
      this.flights.set(named.mark, flight);
      const land = () => this.flights.get(named.mark) === flight && this.flights.delete(named.mark);
      flight.answer.then(land, land);
    }
    return flight;
  }

  async ask(named, lookup, late) {
    const { edge } = this.client;
    const { epoch } = this;
    try {
      const told = await edge.lookup(this.bodyOf(named, lookup), (lateBody) => {
        const answer = this.opened(lateBody, named);
        if (answer !== null) late(answer);
      });
      const answer = this.opened(told, named);
      if (answer === null) {
        edge.breaker.failed();
        throw new OverflowError("garbage");
      }
      this.compare(told.billing ?? {});
      this.learn(told, answer, named, epoch);
      return answer;
    } catch (error) {
      return miss(this.client.complain(error));
    }
  }

  bodyOf({ members }, { metadata, reason, primary, primaryMs }) {
    const { scope, sdk } = this.client;
    const lease = this.settings.lease && members.response_format === undefined ? true : undefined;
    return JSON.stringify({
      provider: primary, ...scope, ...members, lease,
      metadata: { ...metadata, sdk, primary, reason, primary_latency: primaryMs },
    });
  }

  /** The answer in a lookup's JSON; null where it is none, or cannot be opened. */
  opened(body, { members }) {
    const answer = read(body);
    if (answer === null || !answer.hit) return answer;
    try {
      answer.response = unpack(answer.response, members.cache_key ?? "", this.settings);
      return answer;
    } catch (error) {
      if (error instanceof Garbage) return null;
      throw error;
    }
  }

  learn(told, answer, named, epoch) {
    if (answer.lease?.id !== undefined) {
      this.leases.set(named.id, answer.lease.id);
      if (this.leases.size > MAX_LEASES) this.leases.delete(this.leases.keys().next().value);
    }
    const isKept = answer.hit && named.isShared && answer.status !== "stale" && epoch === this.epoch;
    const ttl = Math.min(this.settings.l1Ttl, answer.ttlMs ?? Infinity);
    if (!isKept || this.settings.l1Bytes === 0 || answer.response instanceof Uint8Array) return;
    const text = JSON.stringify(answer.response);
    this.l1.set(named.mark, { answer: { ...answer, response: null }, text }, text.length * 2, ttl);
  }

  /** `partnerId` and `revenueShare` are expectations: a difference is said once, nothing moves. */
  compare({ partner_id: partner, revenue_share: share }) {
    const { partnerId, revenueShare } = this.settings;
    const { notices } = this.client;
    if (partnerId !== undefined && partner !== undefined && partner !== partnerId) {
      notices.once("partner", `This key belongs to the partner ${partner}, not to ${partnerId}.`);
    }
    if (revenueShare !== undefined && share !== undefined && share !== revenueShare) {
      const message = `The agreement's revenue share is ${share}, not ${revenueShare}; the agreement counts.`;
      notices.once("revenue_share", message);
    }
  }
}

function copied(value) {
  if (value instanceof Uint8Array) return Buffer.from(value);
  return typeof value === "object" && value !== null ? structuredClone(value) : value;
}

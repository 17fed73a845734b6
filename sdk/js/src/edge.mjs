// Exchanges with the edge: what an answer means for the caller and for the breaker, one table
// (sdk/BEHAVIOUR.md, "The overflow's answers").

import { Breaker } from "./breaker.mjs";
import { Gate } from "./gate.mjs";
import { after } from "./timers.mjs";
import { Unanswered, Wire } from "./wire.mjs";

const REFUSED_PAUSE_MS = 10_000;
const LIMITED_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 60_000;
/** How long an answer that is too late for its caller is still listened to. */
const LATE_MS = 2_000;
const PATIENT_MS = 5_000;
const PORTAL_MS = 15_000;
const WORDS = { timeout: "deadline", connect_timeout: "unreachable", garbage: "garbage" };

/** Why there is no answer; `reason` is one of the behaviour table's words. */
export class OverflowError extends Error {
  name = "OverflowError";

  /**
   * @param {string} reason
   * @param {{cause?: unknown, problem?: any}} [more]
   */
  constructor(reason, { cause, problem } = {}) {
    super(`The overflow cache: ${reason}${problem?.code ? ` (${problem.code})` : ""}.`, { cause });
    this.reason = reason;
    this.problem = problem ?? null;
  }
}

export class Edge {
  /**
   * @param {any} settings
   * @param {string} agent
   * @param {import("./notices.mjs").Notices} notices
   */
  constructor(settings, agent, notices) {
    this.settings = settings;
    this.notices = notices;
    this.gate = new Gate(settings.maxInFlight);
    this.breaker = new Breaker({
      changed: (state) => notices.warn(`breaker_${state}`, `The overflow's breaker is ${state}.`, 0),
    });
    this.wire = this.wireTo(settings.baseUrl, agent);
    this.portal =
      settings.portalUrl === settings.baseUrl ? this.wire : this.wireTo(settings.portalUrl, agent);
    this.pausedUntil = 0;
    this.pauseReason = "";
  }

  wireTo(url, agent) {
    const { apiKey, connectTimeout, maxInFlight } = this.settings;
    return new Wire({ url, apiKey, agent, connectMs: connectTimeout, maxConnections: maxInFlight + 8 });
  }

  /** Why nothing should be sent now, or "". Takes the breaker's probe when its time has come. */
  refusal() {
    if (performance.now() < this.pausedUntil) return this.pauseReason;
    return this.breaker.admits() ? "" : "breaker_open";
  }

  /** Whether sending makes sense now; takes nothing. */
  admits() {
    return performance.now() >= this.pausedUntil && this.breaker.state() !== "open";
  }

  /**
   * A lookup, within the deadline. Rejects with OverflowError; `late` then gets the answer that
   * came after it, if one does.
   * @param {string} body
   * @param {(body: any) => void} late
   */
  async lookup(body, late) {
    const refusal = this.refusal();
    if (refusal) throw new OverflowError(refusal);
    const until = performance.now() + this.settings.deadline;
    const entered = this.gate.enter(this.settings.deadline);
    if (entered !== true && !(await entered)) {
      this.breaker.released();
      throw new OverflowError("deadline");
    }
    const left = Math.max(1, until - performance.now());
    const asked = this.exchange("/api/overflow", body, {
      limitMs: left + LATE_MS, headers: { "agentcache-deadline-ms": String(Math.ceil(left)) },
    }).finally(() => this.gate.leave());
    return await this.inTime(asked, left, late);
  }

  inTime(asked, left, late) {
    return new Promise((resolve, reject) => {
      let isLate = false;
      const timer = after(left, () => {
        isLate = true;
        this.breaker.failed();
        reject(new OverflowError("deadline"));
      });
      asked.then(
        (answer) => {
          timer.clear();
          if (isLate) return late(answer.body);
          this.judge(answer, resolve, reject);
        },
        (error) => {
          timer.clear();
          if (!isLate) reject(this.unanswered(error));
        },
      );
    });
  }

  /**
   * Anything else of the contract: the JSON of a 2xx. Rejects with OverflowError.
   * @param {string} method
   * @param {string} path
   * @param {string} [body]
   * @param {{portal?: boolean}} [how] `portal`: there, and nothing to the breaker
   */
  async call(method, path, body, { portal = false } = {}) {
    if (!portal) {
      const refusal = this.refusal();
      if (refusal) throw new OverflowError(refusal);
    }
    const wire = portal ? this.portal : this.wire;
    try {
      const answer = await wire.call(method, path, body, { limitMs: portal ? PORTAL_MS : PATIENT_MS, mayRepeat: true });
      return await new Promise((resolve, reject) => this.judge(answer, resolve, reject, !portal));
    } catch (error) {
      throw error instanceof OverflowError ? error : this.unanswered(error, !portal);
    }
  }

  exchange(path, body, how) {
    return this.wire.call("POST", path, body, how);
  }

  judge({ status, headers, body }, resolve, reject, counts = true) {
    const breaker = counts ? this.breaker : NO_BREAKER;
    if (status >= 200 && status < 300) {
      if (typeof body !== "object" || body === null) {
        breaker.failed();
        return reject(new OverflowError("garbage"));
      }
      breaker.succeeded();
      return resolve(body);
    }
    const problem = typeof body === "object" ? body : null;
    if (status >= 500) {
      breaker.failed();
      return reject(new OverflowError("server_error", { problem }));
    }
    breaker.released();
    if (status === 429) {
      if (counts) this.pause("rate_limited", retryAfterMs(headers));
      return reject(new OverflowError("rate_limited", { problem }));
    }
    const lasts = status === 401 || status === 403 || status === 404;
    if (lasts && counts) this.pause("refused", REFUSED_PAUSE_MS);
    return reject(new OverflowError(status < 300 || status >= 400 ? "refused" : "garbage", { problem }));
  }

  unanswered(error, counts = true) {
    if (!(error instanceof Unanswered)) return new OverflowError("unreachable", { cause: error });
    if (counts) this.breaker.failed();
    return new OverflowError(WORDS[error.reason] ?? "unreachable", { cause: error });
  }

  pause(reason, ms) {
    this.pauseReason = reason;
    this.pausedUntil = performance.now() + ms;
  }

  close() {
    this.wire.close();
    this.portal.close();
  }
}

const NO_BREAKER = { succeeded() {}, failed() {}, released() {} };

function retryAfterMs(headers) {
  const seconds = Number(headers["retry-after"]);
  return seconds > 0 ? Math.min(seconds * 1_000, MAX_PAUSE_MS) : LIMITED_PAUSE_MS;
}

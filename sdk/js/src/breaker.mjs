// A circuit breaker: closed, open, half-open with a single probe. It never blocks by itself; whoever
// holds it asks `state()` and reports `succeeded` and `failed`.

const WINDOW_MS = 10_000;
const SLOT_MS = 1_000;
const SLOTS = WINDOW_MS / SLOT_MS;
const IN_A_ROW = 5; // failures that open it
const MIN_CALLS = 20; // in ten seconds, before a share of failures counts
const FAILURE_SHARE = 0.5;
const FIRST_BACKOFF_MS = 1_000;
const MAX_BACKOFF_MS = 60_000;

export class Breaker {
  /** @param {{now?: () => number, random?: () => number, changed?: (state: string) => void}} [world] */
  constructor({ now = () => performance.now(), random = Math.random, changed } = {}) {
    this.now = now;
    this.random = random;
    this.changed = changed ?? (() => {});
    this.openUntil = 0; // 0: closed
    this.probing = false;
    this.backoffMs = FIRST_BACKOFF_MS;
    this.forget();
  }

  /** "closed", "open" or "half_open" (its time is up, one call may try). */
  state() {
    if (this.openUntil === 0) return "closed";
    return this.now() < this.openUntil ? "open" : "half_open";
  }

  /** Whether a call may go through now. In the half-open state the first asker alone gets true. */
  admits() {
    if (this.openUntil === 0) return true;
    if (this.probing || this.now() < this.openUntil) return false;
    this.probing = true;
    return true;
  }

  succeeded() {
    if (this.openUntil !== 0) {
      if (this.probing || this.state() === "half_open") this.close();
      return;
    }
    this.inARow = 0;
    this.count(0);
  }

  failed() {
    if (this.openUntil !== 0) {
      if (this.probing || this.state() === "half_open") this.reopen();
      return;
    }
    this.inARow += 1;
    this.count(1);
    const tooMany = this.calls >= MIN_CALLS && this.failures >= this.calls * FAILURE_SHARE;
    if (tooMany || this.inARow >= IN_A_ROW) this.open();
  }

  /** Gives a probe back that said nothing, for example because its caller went away. */
  released() {
    this.probing = false;
  }

  open() {
    this.openUntil = this.now() + this.backoffMs * (0.9 + 0.2 * this.random());
    this.probing = false;
    this.changed("open");
  }

  reopen() {
    this.backoffMs = Math.min(this.backoffMs * 2, MAX_BACKOFF_MS);
    this.open();
  }

  close() {
    this.openUntil = 0;
    this.probing = false;
    this.backoffMs = FIRST_BACKOFF_MS;
    this.forget();
    this.changed("closed");
  }

  forget() {
    this.slots = new Uint32Array(SLOTS * 2); // calls and failures of each second
    this.second = Math.floor(this.now() / SLOT_MS);
    this.calls = this.failures = this.inARow = 0;
  }

  count(failures) {
    const second = Math.floor(this.now() / SLOT_MS);
    if (second !== this.second) this.advance(second);
    const at = (second % SLOTS) * 2;
    this.slots[at] += 1;
    this.slots[at + 1] += failures;
    this.calls += 1;
    this.failures += failures;
  }

  advance(second) {
    const first = Math.max(this.second + 1, second - SLOTS + 1);
    for (let each = first; each <= second; each += 1) {
      const at = (each % SLOTS) * 2;
      this.calls -= this.slots[at];
      this.failures -= this.slots[at + 1];
      this.slots[at] = this.slots[at + 1] = 0;
    }
    this.second = second;
  }
}

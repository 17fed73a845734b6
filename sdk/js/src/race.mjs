// One read: the primary first, the overflow where it misses, fails or stays silent. The first hit
// wins; a miss does not end the race.

import { failureOf } from "./failures.mjs";
import { couldNotAnswer } from "./reasons.mjs";
import { after } from "./timers.mjs";

export class Race {
  constructor(overlay, key, primary, resolve, reject) {
    this.overlay = overlay;
    this.key = key;
    this.primary = primary;
    this.resolve = resolve;
    this.reject = reject;
    this.isOver = false;
    this.isSilent = false;
    this.started = performance.now();
    this.asked = undefined; // why the overflow was asked
    this.missed = undefined; // the overflow's answer, when it has nothing
    this.outcome = undefined; // the primary's, unless it is a hit: {} or {error}
  }

  start() {
    this.timer = after(this.overlay.settings.threshold, () => this.silent());
    let asking;
    try {
      asking = this.primary.ask();
    } catch (error) {
      return this.primaryFailed(error);
    }
    asking.then((value) => this.primarySaid(value), (error) => this.primaryFailed(error));
  }

  primarySaid(value) {
    this.timer.clear();
    const { overlay } = this;
    if (!this.isSilent) this.judged(true);
    if (this.isOver) return;
    if (!this.primary.isMiss(value)) {
      this.isOver = true;
      return this.resolve(overlay.fromPrimary(value, this.asked ?? ""));
    }
    this.outcome = {};
    if (this.asked === undefined) return this.ask("miss");
    this.conclude();
  }

  primaryFailed(error) {
    this.timer.clear();
    const isOwn = failureOf(error) === "own";
    if (!this.isSilent) this.judged(isOwn, "error");
    if (this.isOver) return;
    if (isOwn) {
      this.isOver = true;
      return this.reject(error);
    }
    this.outcome = { error };
    if (this.asked === undefined) return this.ask("error");
    this.conclude();
  }

  silent() {
    const { overlay } = this;
    this.isSilent = true;
    this.judged(false, "slow");
    if (overlay.breaker.openUntil === 0 && !overlay.budget.spend()) {
      return overlay.count("hedges_capped");
    }
    overlay.count("hedges");
    this.ask("slow");
  }

  judged(isGood, trouble) {
    if (this.primary.isJudged !== false) this.overlay.judged(isGood, trouble);
  }

  ask(why) {
    this.asked = why;
    const { overlay, key } = this;
    const watch = overlay.watch(key);
    overlay.look(key, why, performance.now() - this.started).then(
      ({ answer, release }) => {
        const isUsed = answer.hit && !this.isOver && overlay.isFit(answer);
        release(isUsed);
        if (isUsed) {
          this.isOver = true;
          this.resolve(overlay.taken(key, answer, why, this.repairs() ? this.primary : undefined, watch));
        } else {
          this.missed = overlay.unfit(answer);
          this.conclude();
        }
        watch.done();
      },
      (error) => {
        watch.done();
        this.end(() => this.reject(error)); // strict
      },
    );
  }

  /** Written back is only what the primary itself said it lacks. */
  repairs() {
    return this.outcome !== undefined && this.outcome.error === undefined;
  }

  conclude() {
    if (this.outcome === undefined || (this.asked !== undefined && this.missed === undefined)) return;
    const { error } = this.outcome;
    this.end(() => {
      if (error !== undefined && couldNotAnswer(this.missed)) return this.reject(error);
      this.resolve(this.overlay.nobody(this.missed, this.asked));
    });
  }

  end(how) {
    if (this.isOver) return;
    this.isOver = true;
    how();
  }
}

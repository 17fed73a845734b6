// One lookup on its way, for all who asked for the same meanwhile. A hit that none of them could
// use any more (it lost its race, or came after the deadline) is reported, so that nobody pays.

export class Flight {
  /**
   * @param {(late: (hit: import("./answer.mjs").Answer) => void) =>
   *   Promise<import("./answer.mjs").Answer>} ask never rejects, unless the client is strict
   * @param {(hit: import("./answer.mjs").Answer) => void} unused
   */
  constructor(ask, unused) {
    this.holders = 0;
    this.isUsed = false;
    this.hit = null;
    this.unused = unused;
    this.answer = ask((late) => this.landed(late));
    this.answer.then((answer) => this.landed(answer), () => {});
  }

  /** A claim on the answer; every holder calls `take` (it was of use) or `leave`, once. */
  hold() {
    this.holders += 1;
  }

  take() {
    this.holders -= 1;
    this.isUsed = true;
  }

  leave() {
    this.holders -= 1;
    this.settle();
  }

  landed(answer) {
    if (answer.hit && answer.answeredBy === "overflow") this.hit = answer;
    this.settle();
  }

  settle() {
    if (this.hit === null || this.isUsed || this.holders > 0) return;
    this.isUsed = true;
    this.unused(this.hit);
  }
}

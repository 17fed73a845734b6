/** A share of all calls that may be spent on hedges, with some in hand for the first of them. */
export class Budget {
  /**
   * @param {number} share of calls, 0 to 1
   * @param {number} burst hedges in hand at the start and at most
   */
  constructor(share, burst) {
    this.share = share;
    this.burst = burst;
    this.tokens = burst;
  }

  /** One more call was made. */
  earn() {
    if (this.tokens < this.burst) this.tokens = Math.min(this.burst, this.tokens + this.share);
  }

  /** Takes one hedge; false where none is left. */
  spend() {
    if (this.tokens < 1) return false;
    this.tokens -= 1;
    return true;
  }
}

/** At most so many at a time; the others wait their turn, or until their time is up. */
export class Gate {
  /** @param {number} width */
  constructor(width) {
    this.free = width;
    this.waiting = new Set();
  }

  /** Whether a place was got within so many milliseconds; then `leave` gives it back. */
  enter(limitMs) {
    if (this.free > 0) {
      this.free -= 1;
      return true;
    }
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.waiting.delete(next);
        resolve(false);
      }, limitMs);
      const next = () => {
        clearTimeout(timer);
        resolve(true);
      };
      this.waiting.add(next);
    });
  }

  leave() {
    const [next] = this.waiting;
    if (next === undefined) {
      this.free += 1;
      return;
    }
    this.waiting.delete(next);
    next();
  }
}

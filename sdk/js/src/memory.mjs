/** Least recently used first out, bounded by bytes; entries end at their time. */
export class Memory {
  /**
   * @param {number} maxBytes 0 keeps nothing
   * @param {() => number} [now] milliseconds
   */
  constructor(maxBytes, now = () => performance.now()) {
    this.maxBytes = maxBytes;
    this.now = now;
    this.bytes = 0;
    this.entries = new Map(); // in order of use, the oldest first
  }

  /** The value, or undefined where there is none or its time is up. */
  get(key) {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    this.entries.delete(key);
    if (entry.until <= this.now()) {
      this.bytes -= entry.bytes;
      return undefined;
    }
    this.entries.set(key, entry);
    return entry.value;
  }

  /** Keeps a value of so many bytes for so many milliseconds; what is too large is not kept. */
  set(key, value, bytes, ttlMs) {
    this.delete(key);
    if (bytes > this.maxBytes || ttlMs <= 0) return;
    this.entries.set(key, { value, bytes, until: this.now() + ttlMs });
    this.bytes += bytes;
    for (const oldest of this.entries.keys()) {
      if (this.bytes <= this.maxBytes) break;
      this.delete(oldest);
    }
  }

  delete(key) {
    const entry = this.entries.get(key);
    if (entry === undefined) return;
    this.entries.delete(key);
    this.bytes -= entry.bytes;
  }

  clear() {
    this.entries.clear();
    this.bytes = 0;
  }
}

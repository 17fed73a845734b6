// Counters, and one warning a minute for each thing that goes wrong: without keys, prompts or
// API keys. Warnings are Node's own (`process.on("warning", …)`, `--no-warnings`).

const QUIET_MS = 60_000;

export class Notices {
  constructor() {
    this.numbers = Object.create(null);
    this.said = new Map();
    /** @param {string} name @param {number} [by] */
    this.count = (name, by = 1) => {
      this.numbers[name] = (this.numbers[name] ?? 0) + by;
    };
  }

  /** Warns, at most once a minute for the same `code`. */
  warn(code, message, quietMs = QUIET_MS) {
    const now = performance.now();
    if (now < (this.said.get(code) ?? 0)) return;
    this.said.set(code, now + quietMs);
    process.emitWarning(message, { type: "AgentCacheWarning", code: `AGENTCACHE_${code.toUpperCase()}` });
  }

  /** Warns once for the same `code`. */
  once(code, message) {
    this.warn(code, message, Infinity);
  }
}

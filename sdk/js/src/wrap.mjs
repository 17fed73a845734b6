// A cache of one's own: three functions, with the overflow behind them.

import { isDeepStrictEqual } from "node:util";

import { Overlay } from "./overlay.mjs";

/**
 * @typedef {object} Functions
 * @property {(key: any) => any} get null or undefined is a miss
 * @property {(key: any, value: any, ttl?: number) => any} [set] `ttl` in seconds
 * @property {(key: any) => any} [delete]
 * @property {(key: any, value: any, ttl?: number) => any} [add] sets only what is not there, and
 *   gives false otherwise; without it read-repair asks first whether something is there
 * @property {string} [name] the kind of cache, as in `provider`; "custom"
 */

export class WrappedCache {
  /**
   * @param {import("./client.mjs").AgentCacheOverflow} client
   * @param {Functions} functions
   */
  constructor(client, functions) {
    this.functions = functions;
    this.overlay = new Overlay(client, { name: functions.name ?? "custom" });
  }

  /** The value, or null. @param {string | Uint8Array} key */
  async get(key) {
    return (await this.answer(key)).response;
  }

  /**
   * The value and where it came from.
   * @param {string | Uint8Array} key
   * @returns {Promise<import("./answer.mjs").Answer>}
   */
  async answer(key) {
    const { overlay } = this;
    const ask = async () => this.functions.get(key);
    if (!overlay.takes(key)) return overlay.passed(await ask());
    const repair = async (value, ttlMs) => {
      const ttl = ttlMs === null ? undefined : ttlMs / 1_000;
      if (this.functions.add) return (await this.functions.add(key, value, ttl)) !== false;
      const isOurs = this.functions.set !== undefined && isMissing(await ask());
      if (isOurs) await this.functions.set?.(key, value, ttl);
      return isOurs;
    };
    const unrepair = async (value) => {
      if (isDeepStrictEqual(await ask(), value)) await this.functions.delete?.(key);
    };
    const started = performance.now();
    const answer = await overlay.read(key, { ask, isMiss: isMissing, repair, unrepair });
    answer.latencyMs = performance.now() - started;
    return answer;
  }

  /**
   * @param {string | Uint8Array} key
   * @param {any} value
   * @param {number} [ttl] seconds
   */
  async set(key, value, ttl) {
    const write = async () => this.functions.set?.(key, value, ttl);
    if (!this.overlay.takes(key)) return write();
    const drop = async () => this.functions.delete?.(key);
    return this.overlay.write(key, value, ttl, { write, drop });
  }

  /** @param {string | Uint8Array} key */
  async delete(key) {
    if (this.overlay.takes(key)) await this.overlay.forget([key]);
    return this.functions.delete?.(key);
  }
}

function isMissing(value) {
  return value === null || value === undefined;
}

// The option `overflow` of a wrapped client: a client of ours, or the options of one.

import { AgentCacheOverflow } from "./client.mjs";

/**
 * @typedef {AgentCacheOverflow | (import("./options.mjs").Options & {provider?: "agentcache"})} OverflowOption
 */

/**
 * @param {OverflowOption} given
 * @returns {AgentCacheOverflow} Throws TypeError for a wrong option.
 */
export function clientOf(given) {
  const either = /** @type {any} */ (given);
  if (typeof either.look === "function") return either; // also one of the package's other form
  const { provider = "agentcache", ...options } = either;
  if (provider !== "agentcache") throw new TypeError('overflow.provider must be "agentcache".');
  return new AgentCacheOverflow(options);
}

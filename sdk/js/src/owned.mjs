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
  if (given instanceof AgentCacheOverflow) return given;
  const { provider = "agentcache", ...options } = given;
  if (provider !== "agentcache") throw new TypeError('overflow.provider must be "agentcache".');
  return new AgentCacheOverflow(options);
}

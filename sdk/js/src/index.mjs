/**
 * @typedef {import("./options.mjs").Options} Options
 * @typedef {import("./answer.mjs").Answer} Answer
 * @typedef {import("./client.mjs").Lookup} Lookup
 * @typedef {import("./client.mjs").Put} Put
 * @typedef {import("./fetch.mjs").FetchOptions} FetchOptions
 * @typedef {import("./hybrid.mjs").HybridOptions} HybridOptions
 * @typedef {import("./hybrid.mjs").SemanticOptions} SemanticOptions
 * @typedef {import("./wrap.mjs").Functions} Functions
 */

export { AgentCacheOverflow, AgentCacheOverflow as default } from "./client.mjs";
export { NotCanonical, canonical, digest } from "./digest.mjs";
export { OverflowError } from "./edge.mjs";
export { HybridCache } from "./hybrid.mjs";
export { VERSION } from "./version.mjs";
export { WrappedCache } from "./wrap.mjs";

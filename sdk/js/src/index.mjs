export { AgentCacheOverflow, AgentCacheOverflow as default } from "./client.mjs";
export { OverflowError } from "./edge.mjs";
export { NotCanonical, canonical, digest } from "./digest.mjs";
export { WrappedCache } from "./wrap.mjs";
export { VERSION } from "./version.mjs";

// How the wire knows what a caller means: by key, by request, or both.

import { NotCanonical, digest } from "./digest.mjs";
import { wireDigest, wireKey } from "./payload.mjs";

/**
 * @typedef {object} Named
 * @property {string} id tells entries apart: the wire key, or the request's digest
 * @property {string} mark tells answers apart: of one entry there can be a stream as well
 * @property {boolean} isKeyed whether a caller's own key leads to it: then it can be out of date
 * @property {boolean} isShared whether nothing else does: then it may be kept in the process
 * @property {Record<string, any>} members of the body
 */

/**
 * @param {any} target key, request, semanticKey, format
 * @param {any} settings
 * @returns {Named | null} null for what has no canonical form. Throws for what is no target.
 */
export function name({ key, request, semanticKey, format }, settings) {
  const isPlain = settings.privacy === "plain";
  const members = { cache_key: undefined, original_request: undefined };
  if (semanticKey !== undefined && isPlain) members.semantic_key = semanticKey;
  if (key !== undefined) members.cache_key = wireKey(key, settings);
  if (request === undefined) {
    if (key === undefined && members.semantic_key === undefined) {
      throw new TypeError("A key, a request or a semanticKey is needed.");
    }
    const id = members.cache_key ?? `semantic ${semanticKey}`;
    return { id, mark: id, isKeyed: key !== undefined, isShared: false, members };
  }
  const identity = digestOf(request);
  if (identity === null) return null;
  if (isPlain) members.original_request = request;
  else Object.assign(members, atHome(request, identity, members.cache_key, settings));
  if (format !== undefined) members.response_format = format;
  const id = members.cache_key ?? identity;
  return { id, mark: markOf(id, format), isKeyed: key !== undefined, isShared: key === undefined, members };
}

/** A request that stays in the process, as far as it is told. */
function atHome({ provider, model }, identity, key, settings) {
  return {
    cache_key: key ?? wireDigest(identity, settings),
    provider: provider.slice(0, 64), model: model.slice(0, 64),
  };
}

/** @param {string} id @param {string} [format] */
export function markOf(id, format) {
  return format === undefined ? id : `${id} ${format}`;
}

/** The request's digest; null where it has no canonical form. Throws for what is no request. */
function digestOf(request) {
  try {
    return digest(request);
  } catch (error) {
    if (error instanceof NotCanonical) return null;
    throw error;
  }
}

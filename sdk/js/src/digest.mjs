// Digest v1 of a provider request: SHA-256 over the RFC 8785 canonical JSON of
// {api, model, params, provider, v}. The rules are those of cache_api/rules/identity.py and
// digest.py; tests/vectors/digest.json holds both to the same answers. Only node:crypto is used.

import { createHash } from "node:crypto";

import { COHERE, apiOf, isObject, normalise } from "./shapes.mjs";

export const VERSION = 1;
// Published: members that do not change the answer a model would give.
export const DENYLIST = new Set([
  "stream", "stream_options", "user", "metadata", "store", "service_tier", "safety_identifier",
  "prompt_cache_key", "prompt_cache_retention", "prompt_cache_options", "timeout",
  "extra_headers", "request_id", "cache_control",
]);
// The same for one API only.
export const DENIED_BY_API = { [COHERE]: ["priority"] };
const MAX_NAME = 200;

export class NotCanonical extends Error {
  code = "not_canonical";
}

export class BadRequest extends Error {
  code = "bad_request";
  constructor(pointer, message) {
    super(message);
    this.pointer = pointer;
  }
}

/** 64 lower-case hex digits. Throws NotCanonical or BadRequest. */
export function digest(request) {
  return createHash("sha256").update(canonical(request), "utf8").digest("hex");
}

/** The canonical document the digest is made of. Throws NotCanonical or BadRequest. */
export function canonical(request) {
  const { api, provider, model, params } = identify(request);
  return canonicalJson({ v: VERSION, api, provider, model, params });
}

/** A request reduced to what counts: {api, provider, model, params}. The request is not changed. */
export function identify(request) {
  if (!isObject(request)) throw new BadRequest("", "original_request must be an object.");
  const provider = name(request, "provider");
  const model = name(request, "model");
  const params = Object.create(null);
  for (const [member, value] of Object.entries(request)) {
    if (member === "provider" || member === "model" || DENYLIST.has(member)) continue;
    if (value !== null && value !== undefined) params[member] = value;
  }
  const api = apiOf(provider, model, params);
  for (const member of DENIED_BY_API[api] ?? []) delete params[member];
  normalise(api, params);
  return { api, provider, model, params };
}

function name(request, member) {
  const value = Object.hasOwn(request, member) ? request[member] : undefined;
  if (typeof value !== "string" || value === "" || [...value].length > MAX_NAME) {
    throw new BadRequest(`/${member}`, `original_request needs "${member}" (a string).`);
  }
  return value;
}

/** RFC 8785 text of any JSON value. Throws NotCanonical. */
export function canonicalJson(value) {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") return number(value);
  if (typeof value === "string") return string(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (isObject(value)) {
    // The default sort compares UTF-16 code units, as RFC 8785 asks.
    const members = Object.keys(value).sort();
    return `{${members.map((key) => `${string(key)}:${canonicalJson(value[key])}`).join(",")}}`;
  }
  throw new NotCanonical(`${typeof value} is not a JSON value.`);
}

function number(value) {
  if (!Number.isFinite(value)) throw new NotCanonical(`${value} is not a JSON number.`);
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw new NotCanonical(`The number ${value} is beyond 2^53; send it as a string.`);
  }
  return JSON.stringify(value);
}

function string(value) {
  if (!value.isWellFormed()) throw new NotCanonical("A string has an unpaired surrogate.");
  return JSON.stringify(value);
}

// Options: one table of names, defaults and checks. sdk/BEHAVIOUR.md says what each means.

import { Buffer } from "node:buffer";

/**
 * @typedef {number | string} Duration milliseconds, or "100ms", "2s", "1m"
 *
 * @typedef {object} Options
 * @property {string} [apiKey] the partner's or a customer's key; AGENTCACHE_API_KEY
 * @property {string} [baseUrl] the edge; AGENTCACHE_BASE_URL
 * @property {string} [portalUrl] where `stats` are asked; `baseUrl`
 * @property {string} [partnerId] an expectation: another partner in `billing` warns once
 * @property {number} [revenueShare] an expectation: a difference warns once and moves no money
 * @property {string} [customerId]
 * @property {string} [namespace]
 * @property {string} [application] name of the calling program; AGENTCACHE_APPLICATION
 * @property {Duration} [threshold] how long the primary alone is waited for
 * @property {Duration} [deadline] the overflow's whole time
 * @property {Duration} [connectTimeout]
 * @property {number} [hedgeBudget] hedges per primary read, 0 to 1
 * @property {number} [maxInFlight]
 * @property {number} [l1Bytes]
 * @property {Duration} [l1Ttl]
 * @property {boolean} [singleFlight]
 * @property {boolean} [lease]
 * @property {number} [storeItems]
 * @property {number} [storeBytes]
 * @property {Duration} [drain]
 * @property {boolean} [readRepair]
 * @property {string | string[]} [prefixes]
 * @property {number} [maxPrimaryBytes]
 * @property {"plain" | "hash" | "encrypt"} [privacy]
 * @property {string | Uint8Array} [encryptionKey] 32 bytes, or their base64
 * @property {boolean} [strict]
 */

const DEFAULT_URL = "http://127.0.0.1:8001";
const UNITS = { ms: 1, s: 1_000, m: 60_000 };
const APPLICATION = /^[\x20-\x7e]{0,40}$/;

/** Milliseconds of a duration. Throws TypeError naming the option. */
export function milliseconds(name, given) {
  if (typeof given === "number" && Number.isFinite(given) && given >= 0) return given;
  const match = typeof given === "string" && /^(\d+(?:\.\d+)?)\s*(ms|s|m)$/.exec(given.trim());
  if (match) return Number(match[1]) * UNITS[match[2]];
  throw wrong(name, 'milliseconds as a number, or a text such as "100ms", "2s" or "1m"');
}

function wrong(name, wanted) {
  return new TypeError(`The option ${name} must be ${wanted}.`);
}

const check = (test, wanted) => (name, given) => {
  if (test(given)) return given;
  throw wrong(name, wanted);
};
const text = check((given) => typeof given === "string" && given !== "", "a text");
const flag = check((given) => typeof given === "boolean", "true or false");
const count = check((given) => Number.isSafeInteger(given) && given >= 0, "a whole number, 0 or more");
const some = check((given) => Number.isSafeInteger(given) && given > 0, "a whole number above 0");
const share = check((given) => given >= 0 && given <= 1 && typeof given === "number", "0 to 1");
const texts = check(
  (given) => Array.isArray(given) && given.every((each) => typeof each === "string"), "a list of texts",
);
const prefixes = (name, given) => texts(name, typeof given === "string" ? [given] : given);
const privacy = check(
  (given) => ["plain", "hash", "encrypt"].includes(given), '"plain", "hash" or "encrypt"',
);
const application = check(
  (given) => typeof given === "string" && APPLICATION.test(given),
  "at most 40 printable ASCII characters",
);

function url(name, given) {
  try {
    const { protocol } = new URL(given);
    if (protocol === "http:" || protocol === "https:") return String(given);
  } catch {
    // said below
  }
  throw wrong(name, "an http or https address");
}

function secret(name, given) {
  const bytes = typeof given === "string" ? Buffer.from(given, "base64") : Buffer.from(given ?? "");
  if (bytes.length === 32) return bytes;
  throw wrong(name, "32 bytes, or their base64");
}

/**
 * name → [default (a function reads the environment), check]
 * @type {Record<string, [any, (name: string, given: any) => any]>}
 */
const TABLE = {
  apiKey: [() => process.env.AGENTCACHE_API_KEY, text],
  baseUrl: [() => process.env.AGENTCACHE_BASE_URL || DEFAULT_URL, url],
  portalUrl: [undefined, url],
  partnerId: [undefined, text],
  revenueShare: [undefined, share],
  customerId: [undefined, text],
  namespace: [undefined, text],
  application: [() => process.env.AGENTCACHE_APPLICATION ?? "", application],
  threshold: ["100ms", milliseconds],
  deadline: ["250ms", milliseconds],
  connectTimeout: ["100ms", milliseconds],
  hedgeBudget: [0.1, share],
  maxInFlight: [64, some],
  l1Bytes: [33_554_432, count],
  l1Ttl: ["10s", milliseconds],
  singleFlight: [true, flag],
  lease: [true, flag],
  storeItems: [1_000, count],
  storeBytes: [16_777_216, count],
  drain: ["2s", milliseconds],
  readRepair: [true, flag],
  prefixes: [[""], prefixes],
  maxPrimaryBytes: [undefined, count],
  privacy: ["plain", privacy],
  encryptionKey: [undefined, secret],
  strict: [false, flag],
};

/**
 * Settings of a client, durations in milliseconds. Throws TypeError naming a wrong option.
 * @param {Options} [given]
 * @returns {any}
 */
export function settings(given = {}) {
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(TABLE, name)) throw new TypeError(`There is no option ${name}.`);
  }
  const found = {};
  for (const [name, [otherwise, checked]] of Object.entries(TABLE)) {
    const value = given[name] ?? (typeof otherwise === "function" ? otherwise() : otherwise);
    if (value !== undefined) found[name] = checked(name, value);
  }
  if (found.apiKey === undefined) throw wrong("apiKey", "given, or AGENTCACHE_API_KEY be set");
  if (found.privacy === "encrypt" && !found.encryptionKey) {
    throw wrong("encryptionKey", 'given with privacy "encrypt"');
  }
  found.portalUrl ??= found.baseUrl;
  // Whoever prints a client prints no secret.
  for (const name of ["apiKey", "encryptionKey"]) Object.defineProperty(found, name, { enumerable: false });
  return found;
}

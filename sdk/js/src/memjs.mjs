// memjs with the overflow behind it. Every method takes a callback or gives a promise, as memjs does.

import { isDeepStrictEqual } from "node:util";

import { clientOf } from "./owned.mjs";
import { Overlay } from "./overlay.mjs";

const MONTH_S = 60 * 60 * 24 * 30;
const NO_FLAGS = Buffer.alloc(4);
const whole = (value) => [value];
const counted = ({ success, value }) => [success, value];
/** Methods that change a value, and what of their result a callback gets. */
const CHANGES = {
  replace: whole, increment: counted, decrement: counted, append: whole, prepend: whole, touch: whole,
};

/**
 * A memjs client with the overflow behind it; the client given stays as it is.
 * @template T
 * @param {T} given a client of memjs
 * @param {import("./owned.mjs").OverflowOption} overflow
 * @returns {T & {overflow: import("./client.mjs").AgentCacheOverflow}}
 */
export function withOverflow(given, overflow) {
  const client = /** @type {any} */ (given);
  const ours = clientOf(overflow);
  const behind = new Behind(client, ours);
  const methods = {
    get: spoken((key) => behind.get(key), 1, ({ value, flags }) => [value, flags]),
    set: spoken((key, value, options) => behind.set(key, value, options), 3),
    add: spoken((key, value, options) => behind.add(key, value, options), 3),
    delete: spoken((key) => behind.change(key, () => client.delete(key)), 1),
    flush: spoken(() => behind.flush(), 0),
  };
  for (const [name, parts] of Object.entries(CHANGES)) {
    const change = (key, ...more) => behind.change(key, () => client[name](key, ...more));
    methods[name] = spoken(change, Infinity, parts);
  }
  return Object.assign(Object.create(client, { overflow: { value: ours } }), methods);
}

/** memjs' own methods, by promise. */
class Behind {
  constructor(client, ours) {
    this.client = client;
    this.overlay = new Overlay(ours, { name: "memcached", bytesOnly: true });
  }

  async get(key) {
    const ask = () => this.client.get(key);
    if (!this.overlay.takes(key)) return ask();
    const primary = {
      ask, isMiss: ({ value }) => value === null,
      repair: (...found) => this.repair(key, ...found), unrepair: (bytes) => this.unrepair(key, bytes),
    };
    const { answeredBy, response } = await this.overlay.read(key, primary);
    if (answeredBy === "primary") return response;
    if (response === null) return { value: null, flags: null };
    const { value, extras } = this.client.serializer.deserialize(0, response, NO_FLAGS);
    return { value, flags: extras };
  }

  /** Writes back what the overflow had, without overwriting. */
  repair(key, bytes, ttlMs) {
    const expires = ttlMs === null ? 0 : Math.max(1, Math.floor(ttlMs / 1_000));
    return this.client.add(key, this.client.serializer.deserialize(0, bytes, NO_FLAGS).value, { expires });
  }

  async unrepair(key, bytes) {
    const { value } = await this.client.get(key);
    const written = this.client.serializer.deserialize(0, bytes, NO_FLAGS).value;
    if (isDeepStrictEqual(value, written)) await this.client.delete(key);
  }

  async set(key, value, options = {}) {
    const write = () => this.client.set(key, value, options);
    const { isOurs, bytes, ttl } = this.written(key, value, options);
    if (!isOurs) return this.change(key, write);
    return this.overlay.write(key, bytes, ttl, { write, drop: () => this.client.delete(key), instead: true });
  }

  async add(key, value, options = {}) {
    const write = () => this.client.add(key, value, options);
    const { isOurs, bytes, ttl } = this.written(key, value, options);
    if (!isOurs) return this.change(key, write);
    return this.overlay.written([{ key, value: bytes }], ttl, write, Boolean);
  }

  async change(key, act) {
    if (this.overlay.takes(key)) await this.overlay.forget([key]);
    return act();
  }

  async flush() {
    await this.overlay.forgetEverything();
    return this.client.flush();
  }

  /** What a write means to the overflow: bytes and seconds, where it has a part in it. */
  written(key, value, options) {
    const expires = Number(options?.expires ?? this.client.options.expires) || 0;
    const ttl = expires > MONTH_S ? expires - Date.now() / 1_000 : expires || undefined;
    const isOurs = this.overlay.takes(key) && (ttl === undefined || ttl >= 1);
    return { isOurs, ttl, bytes: isOurs && Buffer.from(this.client.serializer.serialize(1, value, NO_FLAGS).value) };
  }
}

/** A method that takes a callback last (or, as memjs once did, before the expiry), or gives a promise. */
function spoken(method, arity, parts = whole) {
  return (...args) => {
    const at = args.findIndex((each) => typeof each === "function");
    if (at === -1) return method(...args.slice(0, arity));
    const callback = args[at];
    const given = args.slice(0, at);
    const expires = args[at + 1];
    if (typeof expires === "number") given.push({ expires });
    method(...given).then((value) => callback(null, ...parts(value)), (error) => callback(error, null, null));
    return undefined;
  };
}

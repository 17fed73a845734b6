// memjs with the overflow behind it. Every method takes a callback or gives a promise, as memjs does.

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
  const overlay = new Overlay(ours, { name: "memcached", bytesOnly: true });
  const wrapped = Object.create(client, { overflow: { value: ours } });
  const serialized = (value) => client.serializer.serialize(1, value, NO_FLAGS).value;
  const lifeOf = (options) => {
    const expires = Number(options?.expires ?? client.options.expires) || 0;
    if (expires === 0) return undefined;
    return expires > MONTH_S ? expires - Date.now() / 1_000 : expires;
  };
  const ask = (key) => client.get(key);
  const repair = (key) => (bytes, ttlMs) => {
    const expires = ttlMs === null ? 0 : Math.max(1, Math.floor(ttlMs / 1_000));
    return client.add(key, client.serializer.deserialize(0, bytes, NO_FLAGS).value, { expires });
  };
  const get = async (key) => {
    if (!overlay.takes(key)) return ask(key);
    const primary = { ask: () => ask(key), isMiss: ({ value }) => value === null, repair: repair(key) };
    const { answeredBy, response } = await overlay.read(key, primary);
    if (answeredBy === "primary") return response;
    if (response === null) return { value: null, flags: null };
    const { value, extras } = client.serializer.deserialize(0, response, NO_FLAGS);
    return { value, flags: extras };
  };
  const set = (name) => async (key, value, options) => {
    const write = () => client[name](key, value, options ?? {});
    if (!overlay.takes(key)) return write();
    const ttl = lifeOf(options);
    const bytes = Buffer.from(serialized(value));
    if (ttl !== undefined && ttl < 1) return changed(key, write);
    if (name === "set") {
      return overlay.write(key, bytes, ttl, { write, drop: () => client.delete(key), instead: true });
    }
    return overlay.written([{ key, value: bytes }], ttl, write, Boolean);
  };
  const changed = async (key, write) => {
    if (overlay.takes(key)) await overlay.forget([key]);
    return write();
  };
  const flush = async () => {
    await overlay.forgetEverything();
    return client.flush();
  };
  wrapped.get = spoken(get, 1, ({ value, flags }) => [value, flags]);
  wrapped.set = spoken(set("set"), 3);
  wrapped.add = spoken(set("add"), 3);
  wrapped.delete = spoken((key) => changed(key, () => client.delete(key)), 1);
  wrapped.flush = spoken(flush, 0);
  for (const [name, parts] of Object.entries(CHANGES)) {
    const change = (key, ...more) => changed(key, () => client[name](key, ...more));
    wrapped[name] = spoken(change, Infinity, parts);
  }
  return wrapped;
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

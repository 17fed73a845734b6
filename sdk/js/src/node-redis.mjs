// node-redis with the overflow behind it: its own client, its own commands, one more option.

import * as redis from "redis";

import { clientOf } from "./owned.mjs";
import { RedisOverlay } from "./redis-overlay.mjs";

const BLOB = 36; // "$", RESP's type of a string of bytes

/** @typedef {import("./owned.mjs").OverflowOption} OverflowOption */

/**
 * node-redis' `createClient` with one more option, `overflow`. Without it, it is node-redis' own.
 * @template {import("redis").RedisClientOptions} T
 * @param {T & {overflow?: OverflowOption}} [options]
 * @returns {ReturnType<typeof redis.createClient> & Overflowing}
 */
export function createClient(options = /** @type {any} */ ({})) {
  const { overflow, ...rest } = options;
  const client = /** @type {any} */ (redis.createClient(/** @type {any} */ (rest)));
  return !overflow ? client : withOverflow(client, overflow);
}

/** @typedef {{overflow: import("./client.mjs").AgentCacheOverflow | undefined}} Overflowing */

/**
 * Puts the overflow behind a client that exists already.
 * @template T
 * @param {T} given a client of node-redis
 * @param {OverflowOption} overflow
 * @returns {T & Overflowing}
 */
export function withOverflow(given, overflow) {
  const client = /** @type {any} */ (given);
  const self = client._self ?? client; // what its proxies (`withTypeMapping` …) share
  const ours = clientOf(overflow);
  const behind = new RedisOverlay(ours);
  self.overflow = ours;
  const { sendCommand, duplicate } = self;
  self.sendCommand = function sendBehind(args, options) {
    const send = () => sendCommand.call(this, args, options);
    const name = String(args[0]);
    const mapping = options?.typeMapping ?? this._commandOptions?.typeMapping;
    const done = behind.run({
      name, args: args.slice(1), send,
      other: (otherName, otherArgs) => sendCommand.call(self, [otherName.toUpperCase(), ...otherArgs]),
      reply: (bytes) => (mapping?.[BLOB] === Buffer ? bytes : bytes.toString("utf8")),
    });
    return done ?? send();
  };
  for (const name of ["_executePipeline", "_executeMulti"]) {
    const execute = self[name];
    self[name] = async function executeBehind(commands, ...more) {
      await behind.before(commands.map(({ args }) => ({ name: String(args[0]), args: args.slice(1) })));
      return execute.call(this, commands, ...more);
    };
  }
  // What ends the connection waits for the deletes that are on their way.
  for (const name of ["close", "quit", "QUIT"]) {
    const end = self[name];
    if (typeof end !== "function") continue;
    self[name] = function endBehind(...args) {
      const waited = behind.everything();
      return waited === undefined ? end.apply(this, args) : waited.then(() => end.apply(this, args));
    };
  }
  self.duplicate = function duplicateBehind(overrides) {
    return withOverflow(duplicate.call(this, overrides), ours);
  };
  return client;
}

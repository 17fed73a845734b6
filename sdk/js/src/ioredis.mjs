// ioredis with the overflow behind it: the same class, the same commands, one more option.

import ioredis from "ioredis";

import { clientOf } from "./owned.mjs";
import { RedisOverlay } from "./redis-overlay.mjs";

const { Command } = ioredis;
// Names that ioredis cannot have.
const OURS = /** @type {any} */ (Symbol("a command that goes out as it is"));
const STAND_IN = /** @type {any} */ (Symbol("a command that is not sent itself"));
const BEHIND = /** @type {any} */ (Symbol("what its commands go through"));
const TRANSACTION = /** @type {any} */ (Symbol("the commands of a MULTI that is no pipeline"));

/** @typedef {import("ioredis").RedisOptions & {overflow?: import("./owned.mjs").OverflowOption}} RedisOptions */

/**
 * ioredis' `Redis` with one more option, `overflow`. Without it, it is ioredis' own.
 * @type {new (...args: any[]) => import("ioredis").Redis & Overflowing}
 */
export const Redis = /** @type {any} */ (
  class Redis extends overflowing(ioredis.Redis) {
    duplicate(override) {
      const { overflow } = this;
      return new Redis({ ...this.options, ...override, ...(overflow && { overflow }) });
    }
  }
);

/**
 * ioredis' `Cluster` with `overflow` among its options.
 * @type {new (...args: any[]) => import("ioredis").Cluster & Overflowing}
 */
export const Cluster = /** @type {any} */ (overflowing(ioredis.Cluster));
export default Redis;

/** @typedef {{overflow: import("./client.mjs").AgentCacheOverflow | undefined}} Overflowing */

/** @param {any} Base */
function overflowing(Base) {
  return class extends Base {
    constructor(...args) {
      const found = args.find((each) => typeof each === "object" && each?.overflow);
      super(...args.map((each) => (each === found ? without(each) : each)));
      /** The overflow's client: `counts()`, `flush()`, `close()`. */
      this.overflow = found && clientOf(found.overflow);
      this[BEHIND] = found && new RedisOverlay(this.overflow);
      this[TRANSACTION] = undefined;
    }

    sendCommand(command, stream, node) {
      if (this[BEHIND] === undefined || stream !== undefined || node !== undefined || command[OURS]) {
        return super.sendCommand(command, stream, node);
      }
      if (this[TRANSACTION] !== undefined || command.name === "multi") return this.transact(command);
      const go = (each) => {
        each[OURS] = true; // it may come again out of the offline queue
        return super.sendCommand(each);
      };
      return run(this[BEHIND], command, go);
    }

    /** Between MULTI and EXEC replies are "QUEUED": what is changed is purged with EXEC. */
    transact(command) {
      const name = command.name.toLowerCase();
      command[OURS] = true;
      if (name === "multi") this[TRANSACTION] = [];
      else this[TRANSACTION].push(command);
      if (name !== "exec" && name !== "discard") return super.sendCommand(command);
      const commands = this[TRANSACTION];
      this[TRANSACTION] = undefined;
      const waited = name === "exec" ? this[BEHIND].before(commands) : undefined;
      if (waited === undefined) return super.sendCommand(command);
      waited.then(() => super.sendCommand(command));
      return command.promise;
    }

    pipeline(...args) {
      return this.guarded(super.pipeline(...args));
    }

    multi(...args) {
      const made = super.multi(...args);
      return typeof made?.exec === "function" && made._queue ? this.guarded(made) : made;
    }

    /** A pipeline whose `exec` first purges what it changes. */
    guarded(pipeline) {
      if (this[BEHIND] === undefined) return pipeline;
      const { exec } = pipeline;
      const overlay = this[BEHIND];
      let isReady = false;
      pipeline.exec = function guardedExec(callback) {
        const waited = isReady ? undefined : overlay.before(this._queue);
        isReady = true;
        if (waited === undefined) return exec.call(this, callback);
        const done = waited.then(() => exec.call(this));
        if (callback === undefined) return done;
        done.then((results) => callback(null, results), (error) => callback(error));
        return done;
      };
      return pipeline;
    }
  };
}

function without({ overflow: _, ...rest }) {
  return rest;
}

/** The command's promise; it is settled by what the overflow and the primary make of it. */
function run(overlay, command, go) {
  const { name, args, replyEncoding, errorStack } = command;
  let isSent = false;
  const send = () => {
    if (!command[STAND_IN]) {
      isSent = true;
      return go(command);
    }
    return go(new Command(name, args, { replyEncoding, errorStack }));
  };
  // Reads and plain sets may be answered by somebody else: their command stays, a copy is sent.
  command[STAND_IN] = STAND_INS.has(name.toLowerCase());
  const done = overlay.run({
    name, args, send,
    other: (otherName, otherArgs) => go(new Command(otherName, otherArgs)),
    reply: (bytes) => bytes,
  });
  if (done === undefined) return go(command);
  done.then(
    (value) => isSent || command.resolve(value),
    (error) => isSent || command.reject(error),
  );
  return command.promise;
}

const STAND_INS = new Set(["get", "mget", "set", "setex", "psetex"]);

// Commands of the Redis protocol with the overflow behind them, whatever the client. A client's
// wrapper brings two functions: how a command is sent, and what bytes are to its caller.

import { Overlay } from "./overlay.mjs";
import { meaningOf, wasWritten } from "./redis-commands.mjs";

const REMOVE_SAME =
  "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0";

/**
 * @typedef {object} Command
 * @property {string} name
 * @property {any[]} args
 * @property {() => Promise<any>} send this command, as the client does it by itself
 * @property {(name: string, args: any[]) => Promise<any>} other another command, for its bytes
 * @property {(bytes: Buffer) => any} reply bytes as this command's caller wants them
 */

export class RedisOverlay {
  /** @param {import("./client.mjs").AgentCacheOverflow} client */
  constructor(client) {
    this.client = client;
    this.overlay = new Overlay(client, { name: "redis", bytesOnly: true });
    this.held = new Map(); // wire key → what commands of that key wait for
    this.heldAll = undefined;
  }

  /**
   * Runs a command. Undefined where the overflow has no part in it: then the client sends it.
   * @param {Command} command
   * @returns {Promise<any> | undefined}
   */
  run(command) {
    const meaning = meaningOf(command.name, command.args);
    if (meaning === null) return this.behindAll(command);
    return /** @type {any} */ (this)[meaning.kind](command, meaning);
  }

  /**
   * Before several commands go out together (a pipeline, a transaction): purges what they change.
   * @param {{name: string, args: any[]}[]} commands
   * @returns {Promise<void> | undefined} undefined: nothing to wait for
   */
  before(commands) {
    const meanings = commands.map(({ name, args }) => meaningOf(name, args)).filter(Boolean);
    if (meanings.some(({ kind }) => kind === "flush")) return this.holdAll(this.overlay.forgetEverything());
    const keys = meanings.flatMap((meaning) => changedBy(meaning)).filter((key) => this.takes(key));
    if (keys.length > 0) return this.hold(keys, this.overlay.forget(keys.map(bare)));
    return this.everything();
  }

  // ── by kind ───────────────────────────────────────────────────────────────

  get(command, { key }) {
    if (!this.takes(key)) return this.behind([key], command);
    return this.overlay.read(bare(key), this.primaryOf(command, key, () => this.sendBehind([key], command)))
      .then((answer) => spoken(answer, command));
  }

  mget(command, { keys }) {
    if (!keys.some((key) => this.takes(key))) return this.behind(keys, command);
    let sent;
    const send = () => (sent ??= this.sendBehind(keys, command));
    let judges = 1; // one command is one silence, however many keys
    const one = (key, at) => {
      const ask = async () => (await send())?.[at];
      if (!this.takes(key)) return ask();
      const primary = { ...this.primaryOf(command, key, ask), isJudged: judges === 1 };
      judges += 1;
      return this.overlay.read(bare(key), primary).then((answer) => spoken(answer, command));
    };
    return Promise.all(keys.map(one));
  }

  set(command, meaning) {
    const pairs = meaning.pairs.filter(({ key }) => this.takes(key));
    const keys = meaning.pairs.map(({ key }) => key);
    if (pairs.length === 0) return this.behind(keys, command);
    const send = () => this.sendBehind(keys, command);
    const isDone = (reply) => wasWritten(reply, meaning.reply);
    if (meaning.isPlain) {
      const [{ key, value }] = pairs;
      return this.overlay.write(bare(key), bytesOf(value), meaning.ttl, {
        write: send, isDone, instead: command.reply(Buffer.from("OK")),
        drop: () => command.other("del", [key]),
      });
    }
    const bareOnes = pairs.map(({ key, value }) => ({ key: bare(key), value: bytesOf(value) }));
    return this.overlay.written(bareOnes, meaning.ttl, send, isDone);
  }

  change(command, { keys }) {
    const taken = keys.filter((key) => this.takes(key));
    if (taken.length === 0) return this.behind(keys, command);
    const purged = Promise.all([this.waited(keys), this.overlay.forget(taken.map(bare))]);
    const done = purged.then(() => command.send());
    this.hold(keys, purged);
    return done;
  }

  flush(command) {
    const purged = Promise.all([this.everything(), this.overlay.forgetEverything()]);
    this.holdAll(purged);
    return purged.then(() => command.send());
  }

  // ── inside ────────────────────────────────────────────────────────────────

  takes(key) {
    return this.overlay.takes(bare(key));
  }

  primaryOf(command, key, ask) {
    const repair = (bytes, ttlMs) => {
      const life = ttlMs === null ? [] : ["PX", String(Math.max(1, Math.floor(ttlMs)))];
      return command.other("set", [key, bytes, ...life, "NX"]).then((reply) => !isNull(reply));
    };
    const unrepair = (bytes) =>
      command.other("eval", [REMOVE_SAME, "1", key, bytes]).catch(() => command.other("del", [key])); // no scripts there
    return { ask, isMiss: isNull, repair, unrepair };
  }

  /** Commands of a key keep their order: those after a delete wait until it is on its way. */
  hold(keys, until) {
    const settled = until.catch(() => {});
    for (const key of keys) {
      const id = this.client.keyOf(bare(key));
      this.held.set(id, settled);
      settled.then(() => this.held.get(id) === settled && this.held.delete(id));
    }
    return settled;
  }

  holdAll(until) {
    const settled = until.catch(() => {});
    this.heldAll = settled;
    settled.then(() => {
      if (this.heldAll === settled) this.heldAll = undefined;
    });
    return settled;
  }

  waited(keys) {
    if (this.heldAll !== undefined) return this.heldAll;
    if (this.held.size === 0) return undefined;
    const held = keys.map((key) => this.held.get(this.client.keyOf(bare(key)))).filter(Boolean);
    return held.length > 0 ? Promise.all(held) : undefined;
  }

  everything() {
    if (this.held.size === 0) return this.heldAll;
    return Promise.all([this.heldAll, ...this.held.values()]);
  }

  sendBehind(keys, command) {
    const waited = this.waited(keys);
    return waited === undefined ? command.send() : waited.then(() => command.send());
  }

  /** Undefined where nothing is waited for: the client goes on by itself. */
  behind(keys, command) {
    const waited = this.waited(keys);
    return waited?.then(() => command.send());
  }

  behindAll(command) {
    return this.everything()?.then(() => command.send());
  }
}

function changedBy(meaning) {
  if (meaning.kind === "change") return meaning.keys;
  return meaning.kind === "set" ? meaning.pairs.map(({ key }) => key) : [];
}

function spoken({ answeredBy, response }, command) {
  if (answeredBy === "primary") return response;
  return response === null ? null : command.reply(response);
}

function isNull(value) {
  return value === null || value === undefined;
}

/** A key or value as a command carries it, as text or bytes. */
function bare(key) {
  return typeof key === "string" || key instanceof Uint8Array ? key : String(key);
}

function bytesOf(value) {
  return value instanceof Uint8Array ? value : Buffer.from(bare(value));
}

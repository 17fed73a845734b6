// The parts by themselves, with clocks and doors of the test's own.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { AgentCacheOverflow } from "../src/index.mjs";
import { Breaker } from "../src/breaker.mjs";
import { Budget } from "../src/budget.mjs";
import { failureOf } from "../src/failures.mjs";
import { Gate } from "../src/gate.mjs";
import { Memory } from "../src/memory.mjs";
import { milliseconds } from "../src/options.mjs";
import { Outbox } from "../src/outbox.mjs";
import { meaningOf, wasWritten } from "../src/redis-commands.mjs";
import { ScriptedOverflow } from "./kit/overflow.mjs";

it("the digests that the server and both SDKs share", async () => {
  const file = fileURLToPath(new URL("run-vectors.mjs", import.meta.url));
  const { stdout } = await promisify(execFile)("node", [file]);
  const [vectors, pairs] = [...stdout.matchAll(/^(\d+) of (\d+)/gm)];
  assert.ok(vectors[1] === vectors[2] && Number(vectors[1]) >= 200, stdout);
  assert.ok(pairs[1] === pairs[2] && Number(pairs[1]) > 0, stdout);
});

describe("breaker", () => {
  let now;
  const states = [];
  const breaker = () => {
    now = 1_000_000;
    states.length = 0;
    return new Breaker({ now: () => now, random: () => 0.5, changed: (state) => states.push(state) });
  };

  it("opens at five failures in a row, not at four", () => {
    const one = breaker();
    for (let n = 0; n < 4; n += 1) one.failed();
    one.succeeded();
    for (let n = 0; n < 4; n += 1) one.failed();
    assert.equal(one.state(), "closed");
    one.failed();
    assert.equal(one.state(), "open");
  });

  it("opens at half of twenty within ten seconds, and forgets what is older", () => {
    const one = breaker();
    for (let n = 0; n < 9; n += 1) {
      one.failed();
      one.succeeded();
    }
    now += 10_000;
    one.failed();
    assert.equal(one.state(), "closed");
    assert.deepEqual([one.calls, one.failures], [1, 1]);
    for (let n = 0; n < 9; n += 1) {
      one.succeeded();
      one.failed();
    }
    assert.equal(one.state(), "closed"); // 19
    one.succeeded();
    one.failed();
    assert.equal(one.state(), "open");
  });

  it("one probe; backs off to a minute; one success closes", () => {
    const one = breaker();
    for (let n = 0; n < 5; n += 1) one.failed();
    for (const seconds of [1, 2, 4, 8, 16, 32, 60, 60]) {
      assert.equal(one.admits(), false);
      now += seconds * 1_000 - 1;
      assert.equal(one.state(), "open");
      now += 1;
      assert.deepEqual([one.admits(), one.admits()], [true, false]);
      one.failed();
    }
    now += 60_000;
    assert.equal(one.admits(), true);
    one.released();
    assert.equal(one.admits(), true);
    one.succeeded();
    assert.deepEqual([one.state(), one.inARow], ["closed", 0]);
    assert.equal(states.at(-1), "closed");
  });
});

describe("budget, gate, memory", () => {
  it("a tenth of calls may hedge, ten in hand", () => {
    const budget = new Budget(0.1, 10);
    let spent = 0;
    for (let n = 0; n < 1_000; n += 1) {
      budget.earn();
      spent += Number(budget.spend());
    }
    assert.ok(spent >= 108 && spent <= 110, `${spent}`);
  });

  it("at most so many at a time, in order, and not beyond their time", async () => {
    const gate = new Gate(1);
    assert.equal(gate.enter(10), true);
    const late = gate.enter(5);
    const next = gate.enter(1_000);
    assert.equal(await late, false);
    gate.leave();
    assert.equal(await next, true);
    gate.leave();
    assert.equal(gate.free, 1);
  });

  it("bounded by bytes, least recently used first, and by time", () => {
    let now = 0;
    const memory = new Memory(100, () => now);
    memory.set("a", 1, 40, 10);
    memory.set("b", 2, 40, 10);
    assert.equal(memory.get("a"), 1);
    memory.set("c", 3, 40, 10);
    assert.deepEqual(["a", "b", "c"].map((key) => memory.get(key)), [1, undefined, 3]);
    memory.set("d", 4, 101, 10);
    assert.equal(memory.get("d"), undefined);
    now = 10;
    assert.equal(memory.get("a"), undefined);
    memory.delete("c");
    assert.equal(memory.bytes, 0);
  });
});

describe("outbox", () => {
  const store = (id, more) => ({ id, isKeyed: true, item: `{"${id}":1}`, value: id, ...more });
  function outbox(doors = {}, settings = {}) {
    const told = { batches: [], purges: [], counts: {} };
    const made = new Outbox({ storeItems: 1_000, storeBytes: 1_000_000, ...settings }, {
      batch: async (items) => {
        told.batches.push(items);
        return items.map(() => 201);
      },
      purge: async (keys) => void told.purges.push(keys),
      feedback: async () => {},
      admits: () => true,
      count: (name, by = 1) => { told.counts[name] = (told.counts[name] ?? 0) + by; },
      ...doors,
    });
    return [made, told];
  }

  it("a later store of a key replaces the one that waits; batches of a hundred", async () => {
    const [box, told] = outbox();
    box.store(store("a", { item: "old" }));
    box.store(store("a", { item: "new" }));
    for (let n = 0; n < 150; n += 1) box.store(store(`k${n}`));
    assert.equal(await box.drain(1_000), true);
    assert.equal(told.batches[0][0], "new");
    assert.deepEqual(told.batches.map(({ length }) => length), [100, 51]);
    assert.equal(told.counts.stores, 151);
  });

  it("what has drained leaves no timer that holds the process", async () => {
    const timers = () => process.getActiveResourcesInfo().filter((each) => each === "Timeout").length;
    const [box] = outbox();
    const before = timers();
    box.store(store("a"));
    assert.equal(await box.drain(60_000), true);
    box.stop();
    assert.equal(timers(), before);
  });

  it("bytes are bounded; what is dropped is purged", async () => {
    const [box, told] = outbox({}, { storeBytes: 100 });
    for (const id of ["a", "b", "c"]) box.store(store(id, { item: "x".repeat(40) }));
    assert.equal(told.counts.stores_dropped, 1);
    assert.equal(box.bytes, 80);
    await box.drain(1_000);
    assert.deepEqual(told.purges, [["a"]]);
  });

  it("answers to requests are dropped without a purge", async () => {
    const [box, told] = outbox({ batch: async (items) => items.map(() => 422) });
    box.store(store("digest", { isKeyed: false }));
    await box.drain(1_000);
    assert.deepEqual([told.counts.stores_failed, told.purges.length], [1, 0]);
  });

  it("ten thousand purges that cannot be sent become one of everything", async () => {
    const [box, told] = outbox({ purge: async () => { throw new Error("nobody"); } });
    for (let at = 0; at < 10_001; at += 100) {
      const keys = Array.from({ length: 100 }, (_, n) => `k${at + n}`);
      await assert.rejects(() => box.purge(keys));
    }
    assert.equal(box.purges.size < 10_001, true);
    assert.equal(box.isPurging("some other key"), true);
    box.doors.purge = async (keys) => void told.purges.push(keys);
    await box.drain(2_000);
    assert.ok(told.purges.includes(null));
    assert.equal(box.isPurging("k1"), false);
  });
});

describe("commands", () => {
  const now = 1_000_000;
  const cases = [
    ["GET", ["k"], { kind: "get", key: "k" }],
    ["set", ["k", "v"], ["k", undefined, true]],
    ["set", ["k", "v", "EX", "60"], ["k", 60, true]],
    ["set", ["k", "v", "px", 1_500], ["k", 1.5, true]],
    ["set", ["k", "v", "PXAT", String(now + 5_000)], ["k", 5, true]],
    ["set", ["k", "v", "NX", "EXAT", "1060"], ["k", 60, false]],
    ["set", ["k", "v", "PX", "200"], { kind: "change", keys: ["k"] }],
    ["set", ["k", "v", "KEEPTTL"], { kind: "change", keys: ["k"] }],
    ["set", ["k", "v", "GET"], { kind: "change", keys: ["k"] }],
    ["setex", ["k", "0", "v"], { kind: "change", keys: ["k"] }],
    ["psetex", ["k", "90000", "v"], ["k", 90, true]],
    ["setnx", ["k", "v"], ["k", undefined, false]],
    ["del", ["a", "b"], { kind: "change", keys: ["a", "b"] }],
    ["rename", ["a", "b"], { kind: "change", keys: ["a", "b"] }],
    ["copy", ["a", "b", "REPLACE"], { kind: "change", keys: ["b"] }],
    ["eval", ["return 1", "2", "a", "b", "c"], { kind: "change", keys: ["a", "b"] }],
    ["sort", ["a", "STORE", "b"], { kind: "change", keys: ["b"] }],
    ["sort", ["a", "ALPHA"], null],
    ["msetex", ["2", "a", "1", "b", "2", "EX", "9"], { kind: "change", keys: ["a", "b"] }],
    ["getex", ["a"], null],
    ["getex", ["a", "PERSIST"], { kind: "change", keys: ["a"] }],
    ["FLUSHALL", [], { kind: "flush" }],
    ["hget", ["a", "b"], null],
    ["constructor", [], null],
  ];
  for (const [name, args, wanted] of cases) {
    it(`${name} ${args.join(" ")}`, () => {
      const found = meaningOf(name, args, now);
      if (!Array.isArray(wanted)) return assert.deepEqual(found, wanted);
      return assert.deepEqual([found.pairs[0].key, found.ttl, found.isPlain], wanted);
    });
  }

  it("replies that say it was written", () => {
    assert.deepEqual(["OK", Buffer.from("OK"), null].map((reply) => wasWritten(reply, "ok")), [true, true, false]);
    assert.deepEqual([1, 0, true, "1"].map((reply) => wasWritten(reply, "one")), [true, false, true, true]);
  });
});

describe("a value that only the overflow had", () => {
  it("is looked for in the primary once it is gone", async () => {
    const overflow = await new ScriptedOverflow().start();
    const client = new AgentCacheOverflow({ apiKey: "k", baseUrl: overflow.url, maxPrimaryBytes: 3, threshold: "5s", deadline: "5s", connectTimeout: "5s" });
    const mine = new Map();
    const cache = client.wrap({ get: (key) => mine.get(key), set: (key, value) => mine.set(key, value), delete: (key) => mine.delete(key) });
    await cache.set("k", "too large");
    await client.flush();
    overflow.holds.clear();
    mine.set("k", "fit");
    for (const reason of ["capacity", ""]) {
      const { response, answeredBy, overflowReason } = await cache.answer("k");
      assert.deepEqual([response, answeredBy, overflowReason], ["fit", "primary", reason]);
    }
    await client.close();
    await overflow.stop();
  });
});

describe("a write under way", () => {
  it("is not overtaken by the value before it", async () => {
    const overflow = await new ScriptedOverflow({ holds: { k: "old" } }).start();
    const client = new AgentCacheOverflow({ apiKey: "k", baseUrl: overflow.url, threshold: 1, deadline: "5s" });
    let finish;
    const writing = new Promise((resolve) => {
      finish = resolve;
    });
    const cache = client.wrap({ get: () => writing.then(() => "new"), set: () => writing });
    const written = cache.set("k", "new");
    const read = cache.answer("k");
    await pause(50);
    assert.equal(overflow.asked.lookup, 0);
    finish();
    await written;
    assert.deepEqual([(await read).response, (await read).answeredBy], ["new", "primary"]);
    await client.close();
    await overflow.stop();
  });
});

describe("words", () => {
  it("durations", () => {
    const cases = { "100ms": 100, "2s": 2_000, "1m": 60_000, "1.5 s": 1_500 };
    for (const [text, ms] of Object.entries(cases)) assert.equal(milliseconds("x", text), ms);
    for (const wrong of ["", "soon", "-1s", -1, NaN, Infinity, null, true]) {
      assert.throws(() => milliseconds("x", wrong), /option x/);
    }
  });

  it("what an error means", () => {
    const reply = (text) => Object.assign(new Error(text), { name: "ReplyError" });
    const cases = [
      [reply("WRONGTYPE Operation against a key"), "own"], [reply("ERR syntax error"), "own"],
      [reply("OOM command not allowed"), "no_room"], [reply("LOADING Redis is loading"), "failure"],
      [reply("CLUSTERDOWN The cluster is down"), "failure"], [new Error("Connection is closed."), "failure"],
      [new Error("MemJS SET: Value too large"), "no_room"], [new TypeError("x"), "own"],
    ];
    for (const [error, meaning] of cases) assert.equal(failureOf(error), meaning, error.message);
  });
});

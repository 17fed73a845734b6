// What a call costs more with the overflow behind it: node bench/overhead.mjs
//
// Interleaved rounds, medians of differences. CPU is the processor time of this process, which a busy
// machine does not change; the clock includes what others do on it. A healthy primary: the overflow
// hears nothing, so all of it is ours. A dead overflow: what a miss of the primary takes, its breaker
// open as it soon is.

import assert from "node:assert/strict";

import { Redis } from "ioredis";

import { AgentCacheOverflow } from "../src/index.mjs";
import { Redis as OverflowRedis } from "../src/ioredis.mjs";
import { start } from "../test/kit/servers.mjs";

const ROUNDS = 9;
const BAR_US = 20;
const NOBODY = "http://127.0.0.1:9";

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
const percentile = (numbers, share) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length * share)];

/** Microseconds a call takes, `together` at a time: of processor, and by the clock. */
async function timed(get, calls, together) {
  const used = process.cpuUsage();
  const started = performance.now();
  for (let done = 0; done < calls; done += together) {
    const answers = await Promise.all(Array.from({ length: together }, get));
    assert.ok(answers.every((value) => value === "value"));
  }
  const { user, system } = process.cpuUsage(used);
  return { cpu: (user + system) / calls, clock: ((performance.now() - started) * 1_000) / calls };
}

async function compare(what, without, withUs, calls, together) {
  const rounds = [];
  await timed(without, calls, together);
  await timed(withUs, calls, together);
  for (let n = 0; n < ROUNDS; n += 1) {
    rounds.push([await timed(without, calls, together), await timed(withUs, calls, together)]);
  }
  const added = (of) => median(rounds.map(([without, with_]) => with_[of] - without[of]));
  return {
    what, "without, CPU µs": median(rounds.map(([{ cpu }]) => cpu)), "added, CPU µs": added("cpu"),
    "added, clock µs": added("clock"), [`CPU ≤ ${BAR_US}`]: added("cpu") <= BAR_US ? "met" : "NOT MET",
  };
}

async function deadOverflow() {
  const overflow = new AgentCacheOverflow({ apiKey: "k", baseUrl: NOBODY });
  const get = async () => null;
  const cache = overflow.wrap({ get });
  for (let n = 0; n < 20; n += 1) await cache.get("k");
  const times = [];
  for (let n = 0; n < 20_000; n += 1) {
    const started = performance.now();
    await cache.get(`key:${n}`);
    times.push((performance.now() - started) * 1_000);
  }
  await overflow.close();
  const p99 = percentile(times, 0.99);
  return {
    what: "dead overflow, a miss", "p50 µs": Math.round(percentile(times, 0.5)), "p99 µs": Math.round(p99),
    "p99 < 1000": p99 < 1_000 ? "met" : "NOT MET",
  };
}

const { servers, stop } = await start();
const port = servers.servers.redis;
const direct = new Redis({ port });
const behind = new OverflowRedis({ port, overflow: { apiKey: "k", baseUrl: NOBODY } });
await direct.set("bench", "value");
const overflow = new AgentCacheOverflow({ apiKey: "k", baseUrl: NOBODY });
const mine = async () => "value";
const wrapped = overflow.wrap({ get: mine });

const rows = [
  await compare("a function of one's own", () => mine("bench"), () => wrapped.get("bench"), 50_000, 100),
  await compare("ioredis, one at a time", () => direct.get("bench"), () => behind.get("bench"), 3_000, 1),
  await compare("ioredis, 64 at a time", () => direct.get("bench"), () => behind.get("bench"), 64 * 200, 64),
];
for (const { overflow: each } of [behind, { overflow }]) {
  const { calls, primary_hits: hits } = each.counts();
  assert.equal(hits, calls, "every call was a hit of the primary");
}
console.table(rows.map((row) => Object.fromEntries(
  Object.entries(row).map(([name, value]) => [name, typeof value === "number" ? Number(value.toFixed(1)) : value]),
)));
console.table([await deadOverflow()]);
direct.disconnect();
behind.disconnect();
await behind.overflow.close();
await overflow.close();
await stop();

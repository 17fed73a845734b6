// What a call costs more with the overflow behind it: node bench/overhead.mjs
//
// Interleaved rounds, medians of differences. CPU is the processor time of this process, which a busy
// machine does not change; the clock includes what others do on it. A healthy primary: the overflow
// hears nothing, so all of it is ours. A dead overflow, refused or a black hole: what a miss of the
// primary takes once the breaker is open, its probes included (of a black hole one takes the deadline,
// 250 ms, once in 1 to 60 s).

import assert from "node:assert/strict";
import net from "node:net";

import { Redis } from "ioredis";

import { AgentCacheOverflow } from "../src/index.mjs";
import { Redis as OverflowRedis } from "../src/ioredis.mjs";
import { start } from "../test/kit/servers.mjs";

const ROUNDS = 9;
const PAIRS = 5_000;
const BAR_US = 20;
const NOBODY = "http://127.0.0.1:9";

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
const percentile = (numbers, share) => numbers.toSorted((a, b) => a - b)[Math.ceil(numbers.length * share) - 1];

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

/** Misses of the primary beside an overflow that is not there, its breaker open: pairs of calls. */
async function deadOverflow(what, baseUrl, port, direct) {
  const behind = new OverflowRedis({ port, overflow: { apiKey: "k", baseUrl } });
  while (!behind.overflow.counts().overflow_breaker_open) await behind.get("absent");
  const times = [[], []];
  for (let n = 0; n < PAIRS; n += 1) {
    for (const [at, client] of [direct, behind].entries()) {
      const started = performance.now();
      assert.equal(await client.get("absent"), null);
      times[at].push((performance.now() - started) * 1_000);
    }
  }
  const { calls, misses, overflow_breaker_open: notAsked } = behind.overflow.counts();
  assert.equal(misses, calls, "every call was a miss of both");
  behind.disconnect();
  await behind.overflow.close();
  const [p50, p99] = [0.5, 0.99].map((share) => times.map((each) => percentile(each, share)));
  return {
    "dead overflow": what, "without p50 µs": p50[0], "with p50 µs": p50[1], "added p50 µs": p50[1] - p50[0],
    "without p99 µs": p99[0], "with p99 µs": p99[1], "added p99 µs": p99[1] - p99[0],
    "added p99 < 1000": p99[1] - p99[0] < 1_000 ? "met" : "NOT MET",
    probes: PAIRS + 1 - notAsked, "worst ms": Math.max(...times[1]) / 1_000,
  };
}

/** An address that takes connections and never answers. */
async function blackHole() {
  const sockets = new Set();
  const server = net.createServer((socket) => sockets.add(socket.on("error", () => {})));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const stop = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { url: `http://127.0.0.1:${server.address().port}`, stop };
}

const shown = (rows) => console.table(rows.map((row) => Object.fromEntries(
  Object.entries(row).map(([name, value]) => [name, typeof value === "number" ? Number(value.toFixed(1)) : value]),
)));

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
shown(rows);
const hole = await blackHole();
shown([
  await deadOverflow("refused", NOBODY, port, direct),
  await deadOverflow("black hole", hole.url, port, direct),
]);
hole.stop();
direct.disconnect();
behind.disconnect();
await behind.overflow.close();
await overflow.close();
await stop();

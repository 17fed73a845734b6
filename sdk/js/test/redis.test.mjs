// ioredis and node-redis with the overflow behind them: a real Valkey behind a proxy with faults, and
// the real edge.

import assert from "node:assert/strict";
import { after, beforeEach, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { inspect } from "node:util";

import { RESP_TYPES } from "redis";

import { AgentCacheOverflow } from "../src/index.mjs";
import { Cluster, Redis } from "../src/ioredis.mjs";
import { createClient } from "../src/node-redis.mjs";
import { fault, options, realServers, until } from "./kit/servers.mjs";

const servers = realServers();
after(() => fault(servers, "redis"));

const KINDS = {
  ioredis: {
    async open(port, overflow) {
      const client = new Redis({ port, overflow, maxRetriesPerRequest: 1, retryStrategy: () => 50 });
      client.on("error", () => {});
      return client;
    },
    close: (client) => client.disconnect(),
    setEx: (client, key, seconds, value) => client.setex(key, seconds, value),
    buffer: (client, key) => client.getBuffer(key),
    pttl: (client, key) => client.pttl(key),
    mget: (client, keys) => client.mget(...keys),
    mset: (client, pairs) => client.mset(pairs),
    incr: (client, key) => client.incr(key),
    flush: (client) => client.flushdb(),
    names: { rpush: "rpush", hget: "hget" },
  },
  "node-redis": {
    async open(port, overflow) {
      const client = createClient({ socket: { port, reconnectStrategy: () => 50 }, overflow, disableOfflineQueue: true });
      client.on("error", () => {});
      await client.connect();
      return client;
    },
    // Destroyed while it connects, it keeps the socket that it gets afterwards, and the process with it.
    async close(client) {
      await until(() => client.isReady);
      client.destroy();
    },
    setEx: (client, key, seconds, value) => client.setEx(key, seconds, value),
    buffer: (client, key) => client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer }).get(key),
    pttl: (client, key) => client.pTTL(key),
    mget: (client, keys) => client.mGet(keys),
    mset: (client, pairs) => client.mSet(pairs),
    incr: (client, key) => client.incr(key),
    flush: (client) => client.flushDb(),
    names: { rpush: "rPush", hget: "hGet" },
  },
};

for (const [name, kind] of Object.entries(KINDS)) {
  describe(name, () => {
    let redis; // with the overflow
    let direct; // the same client without
    let ours; // a client of the same customer: what the overflow has
    let number = 0;
    const fresh = () => `${name}:${process.pid}:${(number += 1)}`;

    beforeEach(() => fault(servers, "redis"));

    async function open(more = {}, settings = {}) {
      await close();
      const overflow = options(servers, settings);
      ours = new AgentCacheOverflow(overflow);
      redis = await kind.open(more.port ?? servers.proxies.redis, overflow);
      direct = await kind.open(servers.servers.redis, undefined);
    }
    async function close() {
      if (redis === undefined) return;
      await fault(servers, "redis");
      await redis.overflow.close();
      await ours.close();
      await kind.close(redis);
      await kind.close(direct);
      redis = undefined;
    }
    after(close);
    const held = async (key) => (await ours.get({ key })).response?.toString() ?? null;

    it("a miss is answered by the overflow, and written back with the life that is left", async () => {
      await open();
      const key = fresh();
      ours.put({ key, response: Buffer.from("from the overflow"), ttl: 600 });
      await ours.flush();
      await until(async () => (await ours.get({ key })).hit);
      const told = () => JSON.stringify([ours.counts(), redis.overflow.counts()]);
      assert.equal(await redis.get(key), "from the overflow", told());
      await redis.overflow.flush();
      assert.equal(await direct.get(key), "from the overflow", told());
      const left = await kind.pttl(direct, key);
      assert.ok(left > 400_000 && left <= 600_000, `${left} ms are left`);
    });

    it("a value is written to both, with the same life", async () => {
      await open();
      const [plain, brief] = [fresh(), fresh()];
      assert.equal(await redis.set(plain, "one"), "OK");
      assert.equal(await kind.setEx(redis, brief, 60, "two"), "OK");
      await redis.overflow.flush();
      assert.deepEqual([await held(plain), await held(brief)], ["one", "two"]);
      const { ttlMs } = await ours.get({ key: brief });
      assert.ok(ttlMs > 0 && ttlMs <= 60_000, `${ttlMs} ms are left`);
    });

    it("bytes stay bytes", async () => {
      await open();
      const key = fresh();
      const bytes = Buffer.from([0, 255, 128, 13, 10]);
      await redis.set(key, bytes);
      await redis.overflow.flush();
      await direct.del(key);
      const read = await kind.buffer(redis, key);
      assert.ok(Buffer.isBuffer(read));
      assert.deepEqual(read, bytes);
    });

    it("many at once: what is missing comes from the overflow", async () => {
      await open();
      const keys = [fresh(), fresh(), fresh()];
      await kind.mset(redis, { [keys[0]]: "a", [keys[1]]: "b" });
      await redis.overflow.flush();
      await direct.del(keys[1]);
      assert.deepEqual(await kind.mget(redis, keys), ["a", "b", null]);
    });

    it("a deleted key never comes back", async () => {
      await open();
      const commands = {
        del: (key) => redis.del(key),
        unlink: (key) => redis.unlink(key),
        expire: (key) => redis.expire(key, 0),
        rename: (key) => redis.rename(key, `${key}:new`),
        getDel: (key) => (redis.getDel ? redis.getDel(key) : redis.getdel(key)),
        pipeline: (key) => (redis.pipeline ? redis.pipeline().del(key).exec() : redis.multi().del(key).execAsPipeline()),
        transaction: (key) => redis.multi().del(key).exec(),
        raw: (key) => (redis.call ? redis.call("DEL", key) : redis.sendCommand(["DEL", key])),
      };
      for (const [command, run] of Object.entries(commands)) {
        const key = fresh();
        await redis.set(key, "v");
        await redis.overflow.flush();
        assert.equal(await held(key), "v", command);
        await run(key);
        assert.equal(await held(key), null, `${command}: the overflow still has it`);
        assert.equal(await redis.get(key), null, `${command}: it came back`);
        await redis.overflow.flush();
        assert.equal(await direct.get(key), null, `${command}: it was written back`);
      }
    });

    it("commands keep their order without being waited for", async () => {
      await open();
      const key = fresh();
      const replies = await Promise.all([
        redis.set(key, "1"), redis.del(key), redis.set(key, "2"), redis.get(key), redis.del(key), redis.get(key),
        redis.set(key, "3"), redis.get(key),
      ]);
      assert.deepEqual(replies, ["OK", 1, "OK", "2", 1, null, "OK", "3"]);
      await redis.overflow.flush();
      assert.equal(await held(key), "3");
    });

    it("a counter's old value does not stay", async () => {
      await open();
      const key = fresh();
      await redis.set(key, "1");
      await redis.overflow.flush();
      assert.equal(await kind.incr(redis, key), 2);
      assert.equal(await held(key), null);
    });

    it("a flush empties both", async () => {
      await open();
      const key = fresh();
      await redis.set(key, "v");
      await redis.overflow.flush();
      await kind.flush(redis);
      assert.equal(await held(key), null);
      assert.equal(await redis.get(key), null);
    });

    it("everything else is the client's own", async () => {
      await open();
      const key = fresh();
      const { rpush, hget } = kind.names;
      assert.equal(await redis[rpush](key, "x"), 1);
      await assert.rejects(() => redis.get(key), /WRONGTYPE/);
      await assert.rejects(() => redis[hget](key, "x"), /WRONGTYPE/);
      assert.equal(await redis.ping(), "PONG");
      const counts = redis.overflow.counts();
      assert.equal(counts.reason_error ?? 0, 0, "a wrong type is the caller's own mistake");
    });

    it("slow: the overflow answers at about the threshold, and 99 % of 200 fall back", async () => {
      await open({}, { threshold: "100ms" });
      const keys = Array.from({ length: 20 }, fresh);
      for (const key of keys) await redis.set(key, "v");
      await redis.overflow.flush();
      await fault(servers, "redis", { delay_ms: 150 });
      const times = [];
      for (let n = 0; n < 200; n += 1) {
        const started = performance.now();
        assert.equal(await redis.get(keys[n % keys.length]), "v");
        times.push(performance.now() - started);
      }
      const { overflow_hits: hits = 0, l1_hits: near = 0 } = redis.overflow.counts();
      assert.ok(hits + near >= 198, `${hits} of 200 fell back`);
      times.sort((left, right) => left - right);
      assert.ok(times[100] < 500, `half of them took more than ${times[100]} ms`);
    });

    it("resets: the overflow answers", async () => {
      await open({}, { threshold: "100ms" });
      const key = fresh();
      await redis.set(key, "v");
      await redis.overflow.flush();
      await fault(servers, "redis", { mode: "refuse" });
      await pause(50);
      for (let n = 0; n < 8; n += 1) assert.equal(await redis.get(key), "v");
    });

    it("half open: the primary never answers, the overflow does", async () => {
      await open({}, { threshold: "100ms" });
      const key = fresh();
      await redis.set(key, "v");
      await redis.overflow.flush();
      await fault(servers, "redis", { mode: "silent" });
      for (let n = 0; n < 8; n += 1) assert.equal(await redis.get(key), "v");
      await fault(servers, "redis", { mode: "reset" });
    });

    it("garbage from the primary: the overflow answers", async () => {
      await open({}, { threshold: "100ms" });
      const key = fresh();
      await redis.set(key, "v");
      await redis.overflow.flush();
      await fault(servers, "redis", { mode: "garbage" });
      assert.equal(await redis.get(key), "v");
      await fault(servers, "redis", { mode: "reset" });
    });

    it("garbage, silence and death of the overflow: the primary as ever", async () => {
      await open({ port: servers.servers.redis }, { baseUrl: `http://127.0.0.1:${servers.proxies.edge}`, deadline: "250ms" });
      for (const mode of ["garbage", "silent", "truncate", "refuse"]) {
        await fault(servers, "edge", { mode });
        const [key, absent] = [fresh(), fresh()];
        await redis.set(key, mode);
        assert.equal(await redis.get(key), mode);
        assert.equal(await redis.get(absent), null);
        assert.equal(await redis.del(key), 1);
        assert.equal(await redis.get(key), null);
      }
      await fault(servers, "edge");
    });

    it("other prefixes stay at home", async () => {
      await open({}, { prefixes: ["llm:"] });
      const key = fresh();
      await redis.set(key, "v");
      await redis.overflow.flush();
      assert.equal(await held(key), null);
      await direct.del(key);
      assert.equal(await redis.get(key), null);
      assert.equal(redis.overflow.counts().calls ?? 0, 0);
    });

    it("too large for the primary: kept in the overflow only", async () => {
      await open({}, { maxPrimaryBytes: 10 });
      const key = fresh();
      assert.equal(await redis.set(key, "longer than ten bytes"), "OK");
      assert.equal(await direct.get(key), null);
      assert.equal(await redis.get(key), "longer than ten bytes");
      await redis.overflow.flush();
      assert.equal(await redis.get(key), "longer than ten bytes");
      assert.equal(redis.overflow.counts().reason_capacity, 2);
    });

    it("no room: kept in the overflow only", async () => {
      await open();
      const key = fresh();
      const used = await direct.info("memory");
      assert.match(String(used), /used_memory/);
      const config = (value) =>
        direct.call ? direct.call("CONFIG", "SET", "maxmemory", value) : direct.sendCommand(["CONFIG", "SET", "maxmemory", value]);
      await config("1");
      try {
        assert.equal(await redis.set(key, "v"), "OK");
        assert.equal(await redis.get(key), "v");
      } finally {
        await config("0");
      }
      assert.equal(await direct.get(key), null);
    });
  });
}

describe("ioredis' cluster", () => {
  it("a miss, a write, a delete", async (context) => {
    const overflow = options(servers);
    const ours = new AgentCacheOverflow(overflow);
    // ioredis takes no node that does not tell its address.
    const node = new Redis({ port: servers.servers.cluster });
    await node.config("SET", "cluster-announce-ip", "127.0.0.1");
    node.disconnect();
    const cluster = new Cluster([{ host: "127.0.0.1", port: servers.servers.cluster }], { overflow });
    const [first, second] = ["{tag}:a", "{tag}:b"];
    context.after(async () => {
      await cluster.overflow.close();
      await ours.close();
      cluster.disconnect();
    });
    ours.put({ key: first, response: Buffer.from("from the overflow"), ttl: 600 });
    await ours.flush();
    await until(async () => (await ours.get({ key: first })).hit);
    assert.deepEqual(await cluster.mget(first, second), ["from the overflow", null]);
    await cluster.overflow.flush();
    assert.ok((await cluster.pttl(first)) > 400_000);
    assert.equal(await cluster.set(second, "v", "EX", 60), "OK");
    await cluster.overflow.flush();
    assert.equal((await ours.get({ key: second })).response.toString(), "v");
    assert.equal(await cluster.del(first, second), 2);
    assert.deepEqual(await cluster.mget(first, second), [null, null]);
    await cluster.pipeline().set(first, "v").get(first).exec();
    assert.equal(await cluster.get(first), "v");
  });

  it("a duplicate has the same overflow behind it", async () => {
    const redis = new Redis({ port: servers.servers.redis, overflow: options(servers) });
    const other = redis.duplicate();
    assert.equal(other.overflow, redis.overflow);
    await redis.set("duplicate", "v");
    await redis.overflow.flush();
    await other.del("duplicate");
    assert.equal((await redis.overflow.get({ key: "duplicate" })).hit, false);
    await redis.overflow.close();
    redis.disconnect();
    other.disconnect();
  });

  it("after close it is the primary alone, and leaves nothing old behind", async () => {
    const overflow = options(servers);
    const redis = new Redis({ port: servers.servers.redis, overflow });
    const ours = new AgentCacheOverflow(overflow);
    await redis.set("closing", "old");
    await redis.overflow.close();
    assert.equal((await ours.get({ key: "closing" })).response.toString(), "old");
    await redis.set("closing", "new");
    assert.equal(await redis.get("closing"), "new");
    await pause(200);
    assert.equal((await ours.get({ key: "closing" })).hit, false);
    await redis.del("closing");
    await ours.close();
    redis.disconnect();
  });

  it("without the option it is ioredis' own; printed, it shows no secret", async () => {
    const plain = new Redis({ port: servers.servers.redis, lazyConnect: true, overflow: undefined });
    assert.equal(plain.overflow, undefined);
    const redis = new Redis({ port: servers.servers.redis, overflow: options(servers, { privacy: "encrypt", encryptionKey: Buffer.alloc(32, 5) }) });
    const shown = inspect(redis, { depth: 20 }) + inspect(redis.overflow, { depth: 20 }) + JSON.stringify(redis.overflow);
    assert.ok(!shown.includes(servers.key));
    assert.ok(!/05 05 05/.test(shown));
    redis.disconnect();
    plain.disconnect();
  });

  it("with callbacks", async () => {
    const redis = new Redis({ port: servers.servers.redis, overflow: options(servers) });
    const called = (run) => new Promise((resolve) => { run((...given) => resolve(given)); });
    assert.deepEqual(await called((back) => redis.set("callback", "v", back)), [null, "OK"]);
    assert.deepEqual(await called((back) => redis.get("callback", back)), [null, "v"]);
    assert.deepEqual(await called((back) => redis.pipeline().del("callback").exec(back)), [null, [[null, 1]]]);
    assert.deepEqual(await called((back) => redis.get("callback", back)), [null, null]);
    const [error] = await called((back) => redis.incr("callback", "too", "many", back));
    assert.match(error.message, /wrong number of arguments/);
    await redis.overflow.close();
    redis.disconnect();
  });
});

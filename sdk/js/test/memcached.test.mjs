// memjs with the overflow behind it: Debian's memcached behind a proxy with faults, and the real edge.

import assert from "node:assert/strict";
import { after, afterEach, beforeEach, describe, it } from "node:test";

import memjs from "memjs";

import { AgentCacheOverflow } from "../src/index.mjs";
import { withOverflow } from "../src/memjs.mjs";
import { fault, options, realServers } from "./kit/servers.mjs";

const servers = realServers();
const skip = servers.servers.memcached === undefined && "memcached is not installed";
const quiet = { logger: { log() {} }, retries: 1, timeout: 0.5 };

describe("memjs", { skip }, () => {
  let cache;
  let direct;
  let ours;
  let number = 0;
  const fresh = () => `memjs:${process.pid}:${(number += 1)}`;
  const held = async (key) => (await ours.get({ key })).response?.toString() ?? null;

  function open(settings = {}) {
    const overflow = options(servers, settings);
    cache = withOverflow(memjs.Client.create(`127.0.0.1:${servers.proxies.memcached}`, quiet), overflow);
    direct = memjs.Client.create(`127.0.0.1:${servers.servers.memcached}`, quiet);
    ours = new AgentCacheOverflow(overflow);
  }
  beforeEach(() => fault(servers, "memcached"));
  afterEach(async () => {
    await cache.overflow.close();
    await ours.close();
    cache.close();
    direct.close();
  });
  after(() => fault(servers, "memcached"));

  it("miss, overflow hit, written back", async () => {
    open();
    const key = fresh();
    ours.put({ key, response: Buffer.from("v"), ttl: 600 });
    await ours.flush();
    assert.equal((await cache.get(key)).value.toString(), "v");
    await cache.overflow.flush();
    assert.equal((await direct.get(key)).value.toString(), "v");
    assert.deepEqual(await cache.get(fresh()), { value: null, flags: null });
  });

  it("writes go to both; a deleted key never comes back", async () => {
    open();
    const key = fresh();
    assert.equal(await cache.set(key, "v", { expires: 60 }), true);
    await cache.overflow.flush();
    assert.equal(await held(key), "v");
    assert.equal(await cache.delete(key), true);
    assert.equal(await held(key), null);
    assert.equal((await cache.get(key)).value, null);
  });

  it("add, increment, touch and flush", async () => {
    open();
    const key = fresh();
    assert.equal(await cache.add(key, "1", { expires: 60 }), true);
    assert.equal(await cache.add(key, "2", { expires: 60 }), false);
    await cache.overflow.flush();
    assert.equal(await held(key), "1");
    assert.deepEqual(await cache.increment(key, 1, {}), { success: true, value: 2 });
    assert.equal(await held(key), null);
    await cache.set(key, "v", {});
    await cache.overflow.flush();
    assert.equal(await cache.touch(key, 100), true);
    assert.equal(await held(key), null);
    await cache.set(key, "v", {});
    await cache.overflow.flush();
    await cache.flush();
    assert.equal(await held(key), null);
  });

  it("with callbacks", async () => {
    open();
    const key = fresh();
    const called = (run) => new Promise((resolve) => { run((...given) => resolve(given)); });
    assert.deepEqual(await called((back) => cache.set(key, "7", {}, back)), [null, true]);
    const [error, value, flags] = await called((back) => cache.get(key, back));
    assert.equal(error, null);
    assert.equal(value.toString(), "7");
    assert.ok(Buffer.isBuffer(flags));
    assert.deepEqual(await called((back) => cache.increment(key, 1, {}, back)), [null, true, 8]);
    assert.deepEqual(await called((back) => cache.delete(key, back)), [null, true]);
  });

  it("slow, silent, garbage, dead: the overflow answers", async () => {
    open({ threshold: "100ms" });
    const key = fresh();
    await cache.set(key, "v", {});
    await cache.overflow.flush();
    for (const settings of [{ delay_ms: 150 }, { mode: "silent" }, { mode: "garbage" }, { mode: "reset" }, { mode: "refuse" }]) {
      await fault(servers, "memcached", settings);
      for (let n = 0; n < 3; n += 1) {
        assert.equal((await cache.get(key)).value?.toString(), "v", JSON.stringify(settings));
      }
    }
  });

  it("more than memcached takes: kept in the overflow only", async () => {
    open();
    const key = fresh();
    const large = Buffer.alloc(2 * 1024 * 1024, "x");
    assert.equal(await cache.set(key, large, {}), true);
    assert.equal((await direct.get(key)).value, null);
    assert.equal((await cache.get(key)).value.length, large.length);
    await cache.overflow.flush(5_000);
    assert.equal((await ours.get({ key })).response.length, large.length);
  });
});

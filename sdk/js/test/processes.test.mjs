// Two processes with one primary: what one deletes, the other's read-repair does not bring back. The
// other's lookup was answered before the delete; the answer is held on its way until that is through.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, afterEach, beforeEach, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import memjs from "memjs";
import redis from "redis";

import { AgentCacheOverflow } from "../src/index.mjs";
import { fault, options, realServers } from "./kit/servers.mjs";

const servers = realServers();
const READER = fileURLToPath(new URL("kit/reader.mjs", import.meta.url));
const text = (value) => value?.toString() ?? null;

/** The primary as it is, without the overflow. */
const PLAIN = {
  async redis(port) {
    const client = await redis.createClient({ socket: { port } }).connect();
    return {
      get: (key) => client.get(key), set: (key, value) => client.set(key, value), delete: (key) => client.del(key),
      close: () => client.destroy(),
    };
  },
  async memcached(port) {
    const client = memjs.Client.create(`127.0.0.1:${port}`);
    return {
      get: async (key) => text((await client.get(key)).value), set: (key, value) => client.set(key, value),
      delete: (key) => client.delete(key), close: () => client.close(),
    };
  },
};

for (const kind of ["ioredis", "node-redis", "wrap", "memjs"]) {
  const primary = kind === "memjs" ? "memcached" : "redis";
  const skip = servers.servers[primary] === undefined && "memcached is not installed";

  describe(`two processes: ${kind}`, { skip }, () => {
    let events;
    let plain;
    let settings;
    let overflow;

    /** How often the edge has answered a lookup of this test. */
    const answered = async () =>
      (await events.xRange("usage:0", "-", "+")).filter(({ message }) =>
        message.e.includes(settings.customerId) && message.e.includes("lookup")).length;

    beforeEach(async () => {
      settings = options(servers);
      overflow = new AgentCacheOverflow(settings);
      plain = await PLAIN[primary](servers.servers[primary]);
      events = await redis.createClient({ url: servers.events_url }).connect();
      await plain.delete("k");
      overflow.put({ key: "k", response: kind === "wrap" ? "v" : Buffer.from("v") });
      assert.equal(await overflow.flush(), true);
    });
    afterEach(async () => {
      await overflow.close();
      plain.close();
      events.destroy();
      await fault(servers, "edge");
    });
    after(() => fault(servers, "edge"));

    /** What another process got, and how many values it wrote back. */
    async function readElsewhere(meanwhile) {
      await fault(servers, "edge", { mode: "hold" });
      const theirs = JSON.stringify({ ...settings, baseUrl: `http://127.0.0.1:${servers.proxies.edge}` });
      const child = spawn(process.execPath, [READER, kind, String(servers.servers[primary]), theirs]);
      let [said, wrong] = ["", ""];
      child.stdout.on("data", (part) => (said += part));
      child.stderr.on("data", (part) => (wrong += part));
      const ended = once(child, "close");
      while ((await answered()) === 0) {
        assert.equal(child.exitCode, null, wrong);
        await pause(20);
      }
      await meanwhile();
      await fault(servers, "edge");
      assert.equal((await ended)[0], 0, wrong);
      return JSON.parse(said);
    }

    it("what was deleted meanwhile is not written back", async () => {
      const [got, repairs] = await readElsewhere(async () => {
        await overflow.delete({ key: "k" }); // as a wrapper does: purge, then delete
        await plain.delete("k");
      });
      assert.deepEqual([got, repairs], ["v", 0]); // it was answered before the delete
      assert.equal(text(await plain.get("k")), null);
    });

    it("what was set anew meanwhile stays", async () => {
      const got = await readElsewhere(async () => {
        await overflow.delete({ key: "k" });
        await plain.delete("k");
        await plain.set("k", "new");
      });
      assert.deepEqual(got, ["v", 0]);
      assert.equal(text(await plain.get("k")), "new");
    });

    it("what nobody touched is written back; asking again is no lookup", async () => {
      assert.deepEqual(await readElsewhere(async () => {}), ["v", 1]);
      assert.equal(text(await plain.get("k")), "v");
      assert.equal(await answered(), 1); // neither metered nor billed
    });
  });
}

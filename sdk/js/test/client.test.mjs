// The client against the real edge, with faults in between, and against a scripted one where what
// leaves the process is looked at.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";

import redis from "redis";

import { AgentCacheOverflow, OverflowError } from "../src/index.mjs";
import { ScriptedOverflow } from "./kit/overflow.mjs";
import { fault, options, realServers, until } from "./kit/servers.mjs";

const servers = realServers();
const REQUEST = { provider: "openai", model: "gpt-4", messages: [{ role: "user", content: "What is a secret cache?" }] };
const REPLY = {
  object: "chat.completion", model: "gpt-4-0613",
  choices: [{ index: 0, message: { role: "assistant", content: "A fast copy." }, finish_reason: "stop" }],
  usage: { prompt_tokens: 100, completion_tokens: 100, total_tokens: 200 },
};

let open = [];
function client(more) {
  const made = new AgentCacheOverflow(options(servers, more));
  open.push(made);
  return made;
}
async function scripted(lists, more) {
  const overflow = await new ScriptedOverflow(lists).start();
  const made = client({ baseUrl: overflow.url, ...more });
  open.push({ close: () => overflow.stop() });
  return [made, overflow];
}
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

describe("the client and the real edge", () => {
  it("puts, gets and deletes, by key and by request", async () => {
    const overflow = client();
    for (const target of [{ key: "greeting:42" }, { request: REQUEST }, { key: Buffer.from([0, 255]) }]) {
      assert.equal((await overflow.get(target)).reason, "not_found");
      assert.equal(overflow.put({ ...target, response: REPLY, ttl: 600 }), true);
      assert.equal((await overflow.get(target)).answeredBy, "l1"); // what waits answers from the queue
      assert.equal(await overflow.flush(), true);
      const answer = await overflow.get(target);
      assert.deepEqual([answer.hit, answer.response, answer.status], [true, REPLY, "hit"]);
      assert.ok(answer.ttlMs > 500_000 && answer.ttlMs <= 600_000);
      assert.equal(await overflow.delete(target), true);
      assert.equal((await overflow.get(target)).hit, false);
    }
  });

  it("tells what a hit saved, and keeps it in the process", async () => {
    const overflow = client();
    overflow.put({ request: REQUEST, response: REPLY });
    await overflow.flush();
    const first = await overflow.get({ request: REQUEST });
    assert.deepEqual([first.answeredBy, first.costSaved], ["overflow", 0.009]);
    assert.match(first.eventId, /^[0-9a-f-]{36}$/);
    const again = await overflow.get({ request: { ...REQUEST, user: "somebody" } });
    assert.equal(again.answeredBy, "l1");
    assert.equal(overflow.counts().l1_hits, 1);
  });

  it("streams: one entry serves both", async () => {
    const overflow = client();
    const request = { ...REQUEST, stream: true };
    overflow.put({ request: REQUEST, response: REPLY });
    await overflow.flush();
    const { response } = await overflow.get({ request, format: "sse" });
    assert.match(response, /^data: .*A fast copy.*data: \[DONE\]\n\n$/s);
  });

  it("purges, explains, pings and takes feedback", async () => {
    const overflow = client();
    overflow.put({ request: REQUEST, response: REPLY, tags: ["faq"] });
    await overflow.flush();
    const { eventId, entryId } = await overflow.get({ request: REQUEST });
    assert.equal(await overflow.feedback({ eventId, entryId }), true);
    assert.equal((await overflow.get({ request: REQUEST })).hit, false);
    const purge = await overflow.purge({ tags: ["faq"] });
    assert.match(purge.purge_id, /^[0-9a-f-]{36}$/);
    const told = await overflow.explain({ left: REQUEST, right: { ...REQUEST, temperature: 0 } });
    assert.equal(told.same, false);
    const { ok, status, problem } = await overflow.ping();
    assert.deepEqual([ok, status, problem], [true, 200, null]);
    assert.equal(await overflow.stats(), null); // the edge has no database; portalUrl has
  });

  it("10,000 gets at once: of one key one lookup; of many, none hangs and none rejects", async () => {
    const overflow = client();
    overflow.put({ key: "hot", response: REPLY });
    await overflow.flush();
    const before = overflow.counts();
    const same = await Promise.all(Array.from({ length: 10_000 }, () => overflow.get({ key: "hot" })));
    assert.ok(same.every(({ hit }) => hit));
    assert.equal(overflow.counts().overflow_hits - (before.overflow_hits ?? 0), 10_000);
    const brief = client({ deadline: "8s" });
    const many = await Promise.all(Array.from({ length: 10_000 }, (_, n) => brief.get({ key: `cold:${n}` })));
    assert.ok(many.every(({ hit, reason }) => !hit && ["not_found", "deadline", "breaker_open"].includes(reason)));
    assert.ok(many.some(({ reason }) => reason === "not_found"));
    assert.equal(brief.lookups.flights.size, 0);
    assert.equal(brief.edge.gate.waiting.size, 0);
  });

  it("a process that ends by itself sends what it has queued", async () => {
    const { apiKey, baseUrl, customerId } = options(servers);
    const script = `import { AgentCacheOverflow } from ${JSON.stringify(new URL("../src/index.mjs", import.meta.url).href)};
      const overflow = new AgentCacheOverflow(${JSON.stringify({ apiKey, baseUrl, customerId })});
      for (let n = 0; n < 300; n += 1) overflow.put({ key: "exit:" + n, response: { n } });`;
    await promisify(execFile)("node", ["--input-type=module", "-e", script]);
    const reader = client({ customerId });
    const answers = await Promise.all([0, 150, 299].map((n) => reader.get({ key: `exit:${n}` })));
    assert.deepEqual(answers.map(({ response }) => response?.n), [0, 150, 299]);
  });

  it("encrypted: what one client seals another opens, and nobody else", async () => {
    const encryptionKey = Buffer.alloc(32, 7);
    const { customerId } = options(servers);
    const more = { customerId, privacy: "encrypt", encryptionKey };
    const writer = client(more);
    writer.put({ request: REQUEST, response: REPLY });
    writer.put({ key: "k", response: Buffer.from([1, 2, 3]) });
    await writer.flush();
    const reader = client({ ...more, encryptionKey: encryptionKey.toString("base64") });
    assert.deepEqual((await reader.get({ request: REQUEST })).response, REPLY);
    assert.deepEqual((await reader.get({ key: "k" })).response, Buffer.from([1, 2, 3]));
    const other = client({ ...more, encryptionKey: Buffer.alloc(32, 8) });
    assert.equal((await other.get({ key: "k" })).hit, false);
  });

  it("hashed: the request's digest finds what others stored by the request", async () => {
    const { customerId } = options(servers);
    const plain = client({ customerId });
    plain.put({ request: REQUEST, response: REPLY });
    await plain.flush();
    assert.deepEqual((await client({ customerId, privacy: "hash" }).get({ request: REQUEST })).response, REPLY);
  });
});

describe("faults", () => {
  beforeEach(() => fault(servers, "edge"));
  afterEach(() => fault(servers, "edge"));
  const behind = (more) => client({ baseUrl: `http://127.0.0.1:${servers.proxies.edge}`, deadline: "250ms", ...more });
  const reasonOf = async (overflow) => (await overflow.get({ key: randomUUID() })).reason;

  it("wrong, revoked and foreign keys are a miss, refused, and not tried again at once", async () => {
    for (const apiKey of ["acp_live_wrong", servers.revoked, servers.partners["suspended-co"].live]) {
      const overflow = client({ apiKey });
      assert.equal(await reasonOf(overflow), "refused");
      assert.equal(await reasonOf(overflow), "refused");
      assert.equal(overflow.edge.breaker.calls, 0);
      const { ok, status } = await overflow.ping();
      assert.equal(ok, false);
      assert.ok(status === 401 || status === 403);
    }
  });

  it("a hedge that lost is told back as unused, and its entry stays", async () => {
    const overflow = behind({ threshold: "50ms", deadline: "20s" });
    const { customerId } = overflow.settings;
    const direct = client({ customerId });
    direct.put({ key: "k", response: "the overflow's" });
    await direct.flush();
    const events = await redis.createClient({ url: servers.events_url }).connect();
    open.push({ close: () => events.destroy() });
    const told = async (...words) => (await events.xRange("usage:0", "-", "+")).filter(({ message }) =>
      [customerId, ...words].every((word) => message.e.includes(word))).length;
    let free;
    const primary = new Promise((resolve) => {
      free = resolve;
    });
    const slow = overflow.wrap({ get: () => primary });

    await fault(servers, "edge", { mode: "hold" }); // the answer is held on its way
    const reading = slow.get("k");
    await until(async () => (await told("lookup")) === 1);
    free("the primary's");
    assert.equal(await reading, "the primary's");
    await fault(servers, "edge");
    await until(async () => (await told("feedback", "unused ")) === 1);
    assert.deepEqual([await told("lookup"), await told("feedback", "unused ")], [1, 1]);
    assert.equal(overflow.counts().hedges_lost, 1);
    assert.equal((await direct.get({ key: "k" })).response, "the overflow's");
  });

  it("no such name, no TLS, nobody there", async () => {
    assert.equal(await reasonOf(client({ baseUrl: "http://does-not-exist.invalid" })), "unreachable");
    assert.equal(await reasonOf(client({ baseUrl: servers.edge.replace("http", "https") })), "unreachable");
    assert.equal(await reasonOf(client({ baseUrl: "http://127.0.0.1:9" })), "unreachable");
  });

  it("garbage, truncation, resets and silence are misses within the deadline", async () => {
    const wanted = { garbage: ["garbage", "unreachable"], truncate: ["unreachable"], reset: ["unreachable"], refuse: ["unreachable"], silent: ["deadline"] };
    for (const [mode, reasons] of Object.entries(wanted)) {
      await fault(servers, "edge", { mode });
      const overflow = behind();
      const started = performance.now();
      const reason = await reasonOf(overflow);
      assert.ok(reasons.includes(reason), `${mode}: ${reason}`);
      assert.ok(performance.now() - started < 2_000, mode);
    }
  });

  it("stores survive an outage of the edge", async () => {
    const overflow = behind();
    await fault(servers, "edge", { mode: "refuse" });
    overflow.put({ key: "later", response: REPLY });
    assert.equal(await overflow.delete({ key: "gone" }), false);
    assert.equal((await overflow.get({ key: "gone" })).reason, "purging");
    await fault(servers, "edge");
    assert.equal(await overflow.flush(10_000), true);
    assert.equal((await overflow.get({ key: "gone" })).reason, "not_found");
  });

  it("strict: what else is counted is raised", async () => {
    const overflow = client({ baseUrl: "http://127.0.0.1:9", strict: true });
    await assert.rejects(() => overflow.get({ key: "k" }), (error) => error instanceof OverflowError && error.reason === "unreachable");
    assert.throws(() => overflow.put({ request: { model: "m" }, response: 1 }), /provider/);
  });

  it("after close nothing is asked, and nothing breaks", async () => {
    const overflow = client();
    await overflow.close();
    assert.equal((await overflow.get({ key: "k" })).reason, "closed");
    assert.equal(overflow.put({ key: "k", response: 1 }), false);
    await overflow.close();
  });
});

describe("what leaves the process, and what is said", () => {
  it("who asks, why, and for how long", async () => {
    const [overflow, edge] = await scripted({}, { application: "search", namespace: "n" });
    await overflow.get({ key: "k", metadata: { team: "a", redis_miss: true } });
    const { metadata, namespace, customer_id: customer, lease } = edge.last("lookup");
    assert.match(metadata.sdk, /^agentcache-js\/\d+\.\d+\.\d+ search$/);
    assert.deepEqual([metadata.team, metadata.redis_miss, namespace, lease], ["a", true, "n", true]);
    assert.match(customer, /^js-/);
  });

  it("hash: neither prompt nor key", async () => {
    const [overflow, edge] = await scripted({}, { privacy: "hash" });
    await overflow.get({ key: "secret-key" });
    await overflow.get({ request: REQUEST });
    overflow.put({ request: REQUEST, response: REPLY });
    await overflow.flush();
    await overflow.delete({ key: "secret-key" });
    const sent = JSON.stringify(edge.bodies);
    assert.ok(!sent.includes("secret"), sent);
    assert.ok(sent.includes("A fast copy."));
    const { provider, model, usage, metadata } = edge.last("store");
    assert.deepEqual([provider, model, usage], ["openai", "gpt-4", REPLY.usage]);
    assert.match(metadata.sdk, /^agentcache-js/);
  });

  it("encrypt: nor the answer", async () => {
    const [overflow, edge] = await scripted({}, { privacy: "encrypt", encryptionKey: Buffer.alloc(32, 1) });
    overflow.put({ request: REQUEST, response: REPLY });
    overflow.put({ key: "secret-key", response: Buffer.from("secret value") });
    await overflow.flush();
    const sent = JSON.stringify(edge.bodies);
    for (const text of ["secret", "A fast copy.", Buffer.from("secret value").toString("base64")]) {
      assert.ok(!sent.includes(text), text);
    }
  });

  it("a provider's answer in a primary takes model and usage along", async () => {
    const [overflow, edge] = await scripted({});
    const cache = overflow.wrap({ get: () => null });
    for (const value of [REPLY, JSON.stringify(REPLY), Buffer.from(JSON.stringify(REPLY))]) {
      await cache.set("k", value);
      await overflow.flush();
      const { provider, model, usage } = edge.last("store");
      assert.deepEqual([provider, model, usage], ["openai", "gpt-4-0613", REPLY.usage]);
    }
    for (const value of ["{broken", { usage: {} }, [1], "plain"]) {
      await cache.set("k", value);
      await overflow.flush();
      assert.equal(edge.last("store").model, undefined);
    }
  });

  it("a lease goes along with the store", async () => {
    const overflow = client();
    const { lease } = await overflow.get({ request: REQUEST });
    assert.equal(lease.role, "leader");
    const items = [];
    const { store } = overflow.outbox;
    overflow.outbox.store = function kept(given) {
      items.push(JSON.parse(given.item));
      return store.call(this, given);
    };
    overflow.put({ request: REQUEST, response: REPLY });
    assert.equal(items[0].lease_id, lease.id);
  });

  it("warnings: once, without keys or prompts; another share or partner is said once", async () => {
    const heard = [];
    const listen = (warning) => heard.push(warning);
    process.on("warning", listen);
    const overflow = client({ partnerId: "pinecone", revenueShare: 0.25 });
    for (let n = 0; n < 3; n += 1) await overflow.get({ key: `secret-${n}` });
    const lost = client({ baseUrl: "http://127.0.0.1:9" });
    for (let n = 0; n < 3; n += 1) await lost.get({ request: REQUEST });
    await pause(10);
    process.off("warning", listen);
    const ours = heard.filter(({ name }) => name === "AgentCacheWarning");
    assert.deepEqual(ours.map(({ code }) => code).sort(), ["AGENTCACHE_PARTNER", "AGENTCACHE_REVENUE_SHARE", "AGENTCACHE_UNREACHABLE"]);
    assert.ok(!ours.some(({ message }) => /secret|acp_/.test(message)));
    assert.match(ours.find(({ code }) => code === "AGENTCACHE_REVENUE_SHARE").message, /0\.3.*0\.25/);
  });

  it("wrong options are named", () => {
    const wrong = {
      threshold: "soon", deadline: -1, hedgeBudget: 2, maxInFlight: 0, prefixes: [1], privacy: "loud",
      encryptionKey: "short", baseUrl: "ftp://x", application: "é", strict: 1, nonsense: 1, apiKey: "", storeItems: 1.5,
    };
    for (const [name, value] of Object.entries(wrong)) {
      assert.throws(() => new AgentCacheOverflow({ apiKey: "k", [name]: value }), new RegExp(name), name);
    }
    assert.throws(() => new AgentCacheOverflow({ apiKey: "k", privacy: "encrypt" }), /encryptionKey/);
  });

  it("an aborted fetch is aborted, and what came of it is not stored", async () => {
    const [overflow, edge] = await scripted({ lookup: ["miss"] });
    const controller = new AbortController();
    const body = JSON.stringify({ model: "m", messages: [], stream: true });
    const provider = async (_, { signal }) => {
      const stream = new ReadableStream({
        start(out) {
          out.enqueue(new TextEncoder().encode("data: {}\n\n"));
          signal.addEventListener("abort", () => out.error(signal.reason));
        },
      });
      return new Response(stream, { headers: { "content-type": "text/event-stream" } });
    };
    const fetch = overflow.fetch({ fetch: provider });
    const response = await fetch("http://x/v1/chat/completions", { method: "POST", body, signal: controller.signal });
    controller.abort();
    await assert.rejects(() => response.text(), { name: "AbortError" });
    await overflow.flush();
    assert.equal(edge.asked.store, 0);
    const late = fetch("http://x/v1/chat/completions", { method: "POST", body, signal: controller.signal });
    await assert.rejects(() => late, { name: "AbortError" });
  });

  it("what fails in us does not reach a model call", async () => {
    const [overflow, edge] = await scripted({});
    const fetch = overflow.fetch({ fetch: async () => new Response("{}"), get metadata() { return { toJSON() { throw new Error("ours"); } }; } });
    const body = JSON.stringify({ model: "m", messages: [] });
    assert.equal((await fetch("http://x/v1/chat/completions", { method: "POST", body })).status, 200);
    overflow.get = () => Promise.reject(new Error("ours"));
    assert.equal((await fetch("http://x/v1/chat/completions", { method: "POST", body })).status, 200);
    assert.equal(overflow.counts().dropin_failures, 1);
    assert.equal(edge.asked.lookup, 0);
  });

  it("requests that are not ours to cache pass", async () => {
    const [overflow, edge] = await scripted({});
    const seen = [];
    const fetch = overflow.fetch({ fetch: async (url) => seen.push(String(url)) && new Response("{}") });
    const body = JSON.stringify({ model: "m", messages: [] });
    await fetch("http://x/v1/models");
    await fetch("http://x/v1/chat/completions?api-version=1", { method: "POST", body });
    await fetch("http://x/v1/messages", { method: "POST", body, headers: { "anthropic-beta": "x" } });
    await fetch("http://x/v1/chat/completions", { method: "POST", body: "no JSON" });
    await fetch(new URL("http://x/v1/files"), { method: "POST", body });
    assert.equal(seen.length, 5);
    assert.equal(edge.asked.lookup, 0);
  });
});

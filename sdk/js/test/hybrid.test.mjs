// HybridCache: the real edge, and servers that speak the vector databases' documented APIs.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { HybridCache } from "../src/index.mjs";
import { options, realServers } from "./kit/servers.mjs";
import { embed, vectorServer } from "./kit/vectors.mjs";

const servers = realServers();
const QUESTION = "What is the capital of France?";
const NEAR = "What is the capitall of France?";
const OTHER = "How many zebras jump quickly over big foxes?";
const ANSWER = { text: "Paris" };

/** Chroma's own server, where the environment of the SDKs' tests has it. */
const CHROMA = [process.env.AGENTCACHE_TEST_CHROMA, fileURLToPath(new URL("../../../.venv-sdk/bin/chroma", import.meta.url))]
  .find((path) => path !== undefined && existsSync(path));

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  return port;
}

const KINDS = {
  pinecone: {}, "pinecone, embedding by itself": { provider: "pinecone", text: "text", embeds: true },
  weaviate: {}, chroma: { collection: "3f1c0c9e-0000-4000-8000-000000000000" }, milvus: {}, qdrant: {},
};

/** Exact, then near, then the model, then stored. */
async function conversation(semantic, ownEmbed) {
  const cache = new HybridCache({ exact: options(servers), semantic, embed: ownEmbed });
  let calls = 0;
  const model = async () => {
    calls += 1;
    return ANSWER;
  };
  try {
    assert.deepEqual(await cache.ask(QUESTION, model), ANSWER);
    await cache.overflow.flush(10_000);
    const exact = await cache.exact.get(QUESTION);
    assert.deepEqual([exact.hit, exact.response], [true, ANSWER]);
    assert.equal((await cache.exact.get(NEAR)).hit, false);
    const near = await cache.semantic.search(NEAR, 0.95);
    assert.deepEqual([near.hit, near.response, near.answeredBy], [true, ANSWER, "semantic"]);
    assert.ok(near.similarity > 0.95 && near.similarity < 1);
    assert.equal((await cache.semantic.search(NEAR, 0.9999)).reason, "below_threshold");
    assert.equal((await cache.get(OTHER)).hit, false);
    assert.deepEqual(await cache.ask(NEAR, model), ANSWER);
    assert.equal(calls, 1);
  } finally {
    await cache.close();
  }
}

for (const [kind, { provider = kind, embeds = false, ...where }] of Object.entries(KINDS)) {
  it(`${kind} (a server that speaks its documented API)`, async (context) => {
    const server = await vectorServer(provider);
    context.after(() => server.stop());
    const semantic = { provider, url: server.url, apiKey: "vector-key", ...where };
    await conversation(semantic, embeds ? undefined : embed);
    assert.ok(server.seen.every((headers) => JSON.stringify(headers).includes("vector-key")));
  });
}

it("chroma, itself", { skip: CHROMA === undefined && "chroma is not installed" }, async (context) => {
  const folder = await mkdtemp(join(tmpdir(), "agentcache-chroma-"));
  const port = await freePort();
  const child = spawn(CHROMA, ["run", "--path", folder, "--host", "127.0.0.1", "--port", String(port)], { stdio: "ignore" });
  context.after(async () => {
    child.kill();
    await once(child, "exit");
    await rm(folder, { recursive: true, force: true });
  });
  const url = `http://127.0.0.1:${port}`;
  for (let n = 0; n < 600 && !(await fetch(`${url}/api/v2/heartbeat`).catch(() => null))?.ok; n += 1) await pause(100);
  const made = await fetch(`${url}/api/v2/tenants/default_tenant/databases/default_database/collections`, {
    method: "POST", headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: "answers", get_or_create: true, configuration: { hnsw: { space: "cosine" } } }),
  });
  const { id } = await made.json();
  await conversation({ provider: "chroma", url, collection: id, timeout: 20_000 }, embed);
});

describe("HybridCache", () => {
  it("requests are near only where all else is the same", async () => {
    const server = await vectorServer("qdrant");
    const cache = new HybridCache({ exact: options(servers), semantic: { provider: "qdrant", url: server.url }, embed });
    const request = (system, text) => ({
      provider: "openai", model: "gpt-4",
      messages: [{ role: "system", content: system }, { role: "user", content: text }],
    });
    cache.exact.set(request("Be brief.", QUESTION), ANSWER);
    await cache.overflow.flush(5_000);
    assert.equal((await cache.semantic.search(request("Be brief.", NEAR))).hit, true);
    assert.equal((await cache.semantic.search(request("Be rude.", NEAR))).reason, "guarded");
    assert.equal((await cache.semantic.search(NEAR)).reason, "guarded");
    await cache.close();
    await server.stop();
  });

  it("an unreachable vector database is a miss", async () => {
    const cache = new HybridCache({
      exact: options(servers), semantic: { provider: "weaviate", url: "http://127.0.0.1:9" }, embed,
    });
    const answer = await cache.semantic.search(QUESTION);
    assert.deepEqual([answer.hit, answer.reason], [false, "unreachable"]);
    assert.equal(await cache.semantic.add(QUESTION, ANSWER), false);
    assert.equal(await cache.ask(QUESTION, () => "the model's"), "the model's");
    assert.equal(cache.overflow.counts().semantic_unreachable > 0, true);
    await cache.close();
  });

  it("pgvector's statements", async () => {
    const sent = [];
    const client = {
      query: async (text, values) => {
        sent.push([text, values]);
        return { rows: [{ response: '{"text":"Paris"}', similarity: "0.97" }] };
      },
    };
    const semantic = { provider: "pgvector", client, table: 'public.we"ird' };
    const cache = new HybridCache({ exact: options(servers), semantic, embed: () => [1, 0.5] });
    assert.deepEqual((await cache.semantic.search(QUESTION, 0.95)).response, ANSWER);
    assert.equal(await cache.semantic.add(QUESTION, ANSWER), true);
    assert.match(sent[0][0], /1 - \(embedding <=> \$1::vector\).*FROM "public"."we""ird"/);
    assert.deepEqual(sent[0][1], ["[1,0.5]"]);
    assert.deepEqual(sent[1][1].slice(1), [QUESTION, '{"text":"Paris"}', "[1,0.5]"]);
    await cache.close();
  });

  it("wrong options are named", () => {
    assert.throws(() => new HybridCache({ exact: options(servers), semantic: "oracle" }), /semantic must be one of/);
    assert.throws(() => new HybridCache({ exact: options(servers), semantic: { provider: "qdrant" } }), /embed/);
    assert.throws(() => new HybridCache({ exact: { nonsense: 1 }, semantic: "qdrant", embed }), /nonsense/);
  });
});

// The package as users get it: packed, installed into an empty folder, loaded both ways, its types
// checked; every example and listing run, and every snippet of the manual and the README, where what
// stands after `// →` is what it prints.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { VERSION } from "../src/index.mjs";
import { Provider } from "./kit/provider.mjs";
import { options, realServers } from "./kit/servers.mjs";
import { vectorServer } from "./kit/vectors.mjs";

const PAGES = { "docs/sdk-js.md": "../../../docs/sdk-js.md", "README.md": "../README.md" };
const ANSWERS = {
  openai: {
    id: "c", object: "chat.completion", model: "gpt-4o-mini", created: 1,
    choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: "Hello!" } }],
  },
  anthropic: {
    id: "m", type: "message", role: "assistant", model: "claude-haiku-4-5", stop_reason: "end_turn",
    stop_sequence: null, content: [{ type: "text", text: "Hello!" }], usage: { input_tokens: 3, output_tokens: 2 },
  },
};
const run = promisify(execFile);
const PACKAGE = fileURLToPath(new URL("../", import.meta.url));
const OTHERS = ["ioredis", "redis", "memjs", "openai", "@anthropic-ai", "@types", "@redis"];
const servers = realServers();
let folder;

async function node(file, environ = {}, ...flags) {
  const { apiKey, baseUrl, customerId } = options(servers);
  const { stdout } = await run("node", [...flags, file, customerId], {
    cwd: folder,
    env: {
      ...process.env, AGENTCACHE_API_KEY: apiKey, AGENTCACHE_PARTNER_KEY: apiKey, AGENTCACHE_BASE_URL: baseUrl,
      REDIS_URL: `redis://127.0.0.1:${servers.servers.redis}`, TEST_REDIS_PORT: String(servers.servers.redis),
      MEMCACHE_SERVERS: `127.0.0.1:${servers.servers.memcached}`, ...environ,
    },
  });
  return stdout.trim().split("\n");
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "agentcache-js-"));
  const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", folder], { cwd: PACKAGE });
  const [{ filename }] = JSON.parse(stdout.slice(stdout.indexOf("[")));
  await writeFile(join(folder, "package.json"), '{"name": "a-user", "private": true}\n');
  await run("npm", ["install", "--offline", "--no-audit", "--no-fund", `./${filename}`], { cwd: folder });
  for (const other of OTHERS) {
    await symlink(join(PACKAGE, "node_modules", other), join(folder, "node_modules", other));
  }
  await cp(join(PACKAGE, "examples"), join(folder, "examples"), { recursive: true });
});
after(() => rm(folder, { recursive: true, force: true }));

describe("the packed package", () => {
  it("has what it says, and its version is the SDK's", async () => {
    const installed = join(folder, "node_modules/@agentcache/overflow-client");
    const about = JSON.parse(await readFile(join(installed, "package.json"), "utf8"));
    assert.equal(about.version, VERSION);
    assert.deepEqual(about.dependencies ?? {}, {});
    assert.deepEqual((await readdir(installed)).sort(), ["CHANGELOG.md", "README.md", "dist", "package.json"]);
  });

  it("loads as an ECMAScript module and as CommonJS", async () => {
    const lines = ["", "/ioredis", "/node-redis", "/memjs"].map((path) => `@agentcache/overflow-client${path}`);
    await writeFile(join(folder, "a.mjs"), `for (const name of ${JSON.stringify(lines)}) console.log(Object.keys(await import(name)).sort().join());`);
    await writeFile(join(folder, "a.cjs"), `for (const name of ${JSON.stringify(lines)}) { const loaded = require(name); console.log(typeof loaded, ["AgentCacheOverflow", "Redis", "createClient", "withOverflow"].filter((each) => Object.keys(loaded).includes(each)).join()); }`);
    const modules = await node("a.mjs");
    assert.match(modules[0], /AgentCacheOverflow,HybridCache,.*default,digest/);
    assert.match(modules[1], /Cluster,Redis,default/);
    assert.deepEqual(await node("a.cjs"), [
      "function AgentCacheOverflow", "function Redis", "object createClient,withOverflow", "object withOverflow",
    ]);
  });

  it("has types that hold, for both", async () => {
    for (const name of ["consumer.mts", "consumer.cts"]) await cp(join(PACKAGE, "test/kit", name), join(folder, name));
    const flags = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2023", "--types", "node", "--skipLibCheck"];
    await run("node", [join(PACKAGE, "node_modules/typescript/bin/tsc"), ...flags, "consumer.mts", "consumer.cts"], { cwd: folder })
      .catch(({ stdout }) => assert.fail(stdout));
  });
});

describe("examples", { concurrency: 3 }, () => {
  it("listings 1, 3 and 4 run as written", async () => {
    const port = ["-r", join(PACKAGE, "test/kit/default-port.cjs")];
    assert.deepEqual(await node("examples/listings/1-redis.cjs", {}, ...port), ["null"]);
    assert.deepEqual(await node("examples/listings/3-endpoint.cjs"), ["200 false redis-labs"]);
    assert.deepEqual(await node("examples/listings/4-partner-sdk.cjs"), ["false null"]);
  });

  it("listing 2 runs as written", async (context) => {
    const server = await vectorServer("pinecone");
    context.after(() => server.stop());
    const environ = { PINECONE_INDEX_HOST: server.url, PINECONE_API_KEY: "k" };
    const [said] = await node("examples/listings/2-hybrid.cjs", environ);
    assert.match(said, /^answer 1 to: js-/);
  });

  it("the Redis and Memcached wrappers", async (context) => {
    assert.deepEqual(await node("examples/ioredis.mjs"), ["hello", "null"]);
    assert.deepEqual(await node("examples/node-redis.mjs"), ["hello", "null"]);
    if (servers.servers.memcached === undefined) return context.skip("memcached is not installed");
    assert.deepEqual(await node("examples/memjs.mjs"), ["hello", "null"]);
    return undefined;
  });

  it("a cache of one's own", async () => {
    assert.deepEqual(await node("examples/own-cache.mjs"), ["hello", "not_found"]);
  });

  it("a vector database", async (context) => {
    const server = await vectorServer("qdrant");
    context.after(() => server.stop());
    assert.deepEqual(await node("examples/hybrid.mjs", { QDRANT_URL: server.url }), ["answer 1 to: What is a cache?"]);
  });

  it("the official clients", async (context) => {
    const provider = await new Provider().start();
    context.after(() => provider.stop());
    const environ = {
      OPENAI_API_KEY: "k", OPENAI_BASE_URL: `${provider.url}/v1`, ANTHROPIC_API_KEY: "k", ANTHROPIC_BASE_URL: provider.url,
    };
    for (const [name, answer] of Object.entries(ANSWERS)) {
      provider.exchange = { response: { status: 200, body: JSON.stringify(answer) } };
      assert.deepEqual(await node(`examples/${name}.mjs`, environ), ["true", "1"]);
    }
    assert.equal(provider.asked, 2);
  });
});

describe("snippets", { concurrency: 3 }, async () => {
  let provider;
  let vectors;
  before(async () => {
    provider = await new Provider().start();
    provider.exchange = { response: { status: 200, body: JSON.stringify(ANSWERS.openai) } };
    vectors = await vectorServer("qdrant");
  });
  after(async () => {
    await provider.stop();
    await vectors.stop();
  });

  for (const [page, path] of Object.entries(PAGES)) {
    const text = await readFile(new URL(path, import.meta.url), "utf8");
    let title = page;
    let number = 0;
    for (const [, heading, code] of text.matchAll(/^(?:#+ (.*)|```js\n([^]*?)```)$/gm)) {
      if (heading !== undefined) {
        title = heading;
        continue;
      }
      number += 1;
      const file = `${page.replace(/\W/g, "-")}-${number}.${/\brequire\(/.test(code) ? "cjs" : "mjs"}`;
      it(`${page}: ${title}`, async (context) => {
        if (/memjs/.test(code) && servers.servers.memcached === undefined) return context.skip("memcached is not installed");
        await writeFile(join(folder, file), code);
        const said = await node(file, {
          // Another partner's key than the examples': they ask the same.
          AGENTCACHE_API_KEY: servers.partners.pinecone.live, QDRANT_URL: vectors.url,
          OPENAI_API_KEY: "k", OPENAI_BASE_URL: `${provider.url}/v1`,
        });
        const wanted = [...code.matchAll(/\/\/ → (.*)$/gm)].map(([, line]) => line);
        assert.ok(wanted.length > 0, "a snippet shows what it prints");
        assert.deepEqual(said, wanted);
        return undefined;
      });
    }
  }
});

// Every snippet of the manual and the README is run; what stands after `// →` is what it prints.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, symlink, mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { Provider } from "./kit/provider.mjs";
import { options, realServers } from "./kit/servers.mjs";
import { vectorServer } from "./kit/vectors.mjs";

const run = promisify(execFile);
const PACKAGE = fileURLToPath(new URL("../", import.meta.url));
const PAGES = { "docs/sdk-js.md": "../../../docs/sdk-js.md", "README.md": "../README.md" };
const OTHERS = ["ioredis", "redis", "memjs", "openai"];
const ANSWER = {
  id: "c", object: "chat.completion", model: "gpt-4o-mini", created: 1,
  choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: "Hello!" } }],
};
const servers = realServers();

describe("snippets", { concurrency: 3 }, async () => {
  let folder;
  let provider;
  let vectors;
  before(async () => {
    await run("node", [join(PACKAGE, "build.mjs")]);
    folder = await mkdtemp(join(tmpdir(), "agentcache-docs-"));
    await mkdir(join(folder, "node_modules/@agentcache"), { recursive: true });
    await symlink(PACKAGE, join(folder, "node_modules/@agentcache/overflow-client"));
    for (const other of OTHERS) await symlink(join(PACKAGE, "node_modules", other), join(folder, "node_modules", other));
    provider = await new Provider().start();
    provider.exchange = { response: { status: 200, body: JSON.stringify(ANSWER) } };
    vectors = await vectorServer("qdrant");
  });
  after(async () => {
    await provider.stop();
    await vectors.stop();
    await rm(folder, { recursive: true, force: true });
  });

  for (const [page, path] of Object.entries(PAGES)) {
    const text = await readFile(new URL(path, import.meta.url), "utf8");
    const snippets = [...text.matchAll(/^(?:#+ (.*)|```js\n([^]*?)```)$/gm)];
    let title = page;
    let number = 0;
    for (const [, heading, code] of snippets) {
      if (heading !== undefined) {
        title = heading;
        continue;
      }
      number += 1;
      const file = `${page.replace(/\W/g, "-")}-${number}.${/\brequire\(/.test(code) ? "cjs" : "mjs"}`;
      it(`${page}: ${title}`, async (context) => {
        const { apiKey, baseUrl } = options(servers);
        if (/memjs/.test(code) && servers.servers.memcached === undefined) return context.skip("memcached is not installed");
        await writeFile(join(folder, file), code);
        const { stdout } = await run("node", [file], {
          cwd: folder,
          env: {
            ...process.env, AGENTCACHE_API_KEY: apiKey, AGENTCACHE_BASE_URL: baseUrl,
            REDIS_URL: `redis://127.0.0.1:${servers.servers.redis}`, MEMCACHE_SERVERS: `127.0.0.1:${servers.servers.memcached}`,
            QDRANT_URL: vectors.url, OPENAI_API_KEY: "k", OPENAI_BASE_URL: `${provider.url}/v1`,
          },
        });
        const wanted = [...code.matchAll(/\/\/ → (.*)$/gm)].map(([, line]) => line);
        assert.ok(wanted.length > 0, "a snippet shows what it prints");
        assert.deepEqual(stdout.trim().split("\n"), wanted);
        return undefined;
      });
    }
  }
});

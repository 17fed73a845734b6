// The suite: real servers once, every test file in a process of its own, executed and skipped counts
// at the end. A skip that test/skips.txt does not expect fails. Arguments: parts of file names.

import { readFileSync, readdirSync } from "node:fs";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { fileURLToPath } from "node:url";

import { start } from "./kit/servers.mjs";

const here = new URL("./", import.meta.url);
const wanted = process.argv.slice(2);
const files = readdirSync(here)
  .filter((name) => name.endsWith(".test.mjs"))
  .filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)))
  .map((name) => fileURLToPath(new URL(name, here)));
const expected = readFileSync(new URL("skips.txt", here), "utf8")
  .split("\n").filter((line) => line !== "" && !line.startsWith("#"));

const { servers, stop } = await start();
process.env.AGENTCACHE_TEST_SERVERS = JSON.stringify(servers);
process.env.NODE_NO_WARNINGS = "1";
const told = { passed: 0, failed: 0, skipped: 0, unexpected: [] };

function note({ name, skip, details }, outcome) {
  if (skip === undefined || skip === false) {
    if (details?.type !== "suite") told[outcome] += 1;
    return;
  }
  told.skipped += 1;
  if (!expected.some((reason) => String(skip).includes(reason))) told.unexpected.push(`${name}: ${skip}`);
}

/** One file at a time; what it prints, once all are through. */
async function runFiles(chosen, out) {
  if (chosen.length === 0) return;
  const stream = run({ files: chosen, concurrency: 1, timeout: 180_000 });
  stream.on("test:pass", (data) => note(data, "passed"));
  stream.on("test:fail", (data) => note(data, "failed"));
  const shown = stream.compose(new spec());
  shown.on("data", out);
  await new Promise((resolve) => shown.on("end", resolve));
}

// The files that change the proxies in turn, the others beside them.
const usesProxies = (file) => /\bfault\(/.test(readFileSync(file, "utf8"));
const later = [];
await Promise.all([
  runFiles(files.filter(usesProxies), (text) => process.stdout.write(text)),
  runFiles(files.filter((file) => !usesProxies(file)), (text) => later.push(text)),
]);
process.stdout.write(later.join(""));
await stop();

const { passed, failed, skipped, unexpected } = told;
console.log(`JavaScript SDK: ${passed + failed} executed, ${failed} failed, ${skipped} skipped`);
for (const each of unexpected) console.log(`a skip that test/skips.txt does not expect: ${each}`);
process.exitCode = failed > 0 || unexpected.length > 0 || passed === 0 ? 1 : 0;

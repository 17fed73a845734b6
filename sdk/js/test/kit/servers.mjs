// Real servers: `python -m tests.serve` of the repository, started once by test/run.mjs.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));

/** Starts them; `stop` ends them. Once more where a port was taken meanwhile. */
export async function start(tries = 3) {
  try {
    return await startOnce();
  } catch (error) {
    if (tries <= 1) throw error;
    return start(tries - 1);
  }
}

async function startOnce() {
  const own = `${ROOT}.venv/bin/python`;
  const python = process.env.AGENTCACHE_TEST_PYTHON ?? (existsSync(own) ? own : "python3");
  const child = spawn(python, ["-m", "tests.serve"], {
    cwd: ROOT, stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, PYTEST_DEBUG_TEMPROOT: `${ROOT}.tmp` },
  });
  let said = "";
  child.stderr.on("data", (part) => {
    said += part;
  });
  const ended = once(child, "close").then(() => Promise.reject(new Error(`tests.serve ended by itself:\n${said}`)));
  const [line] = await Promise.race([once(createInterface({ input: child.stdout }), "line"), ended]);
  ended.catch(() => {}); // later it is wanted
  const stop = async () => {
    child.stdin.end();
    await ended.catch(() => {});
  };
  return { servers: JSON.parse(line), stop };
}

/** What `tests.serve` told test/run.mjs. */
export function realServers() {
  const told = process.env.AGENTCACHE_TEST_SERVERS;
  if (told === undefined) throw new Error("Run this by: node test/run.mjs [part of a file's name]");
  return JSON.parse(told);
}

/** Changes a proxy: `{mode, delay_ms, after_bytes}`; nothing: it passes everything on. */
export async function fault({ control }, name, settings = {}) {
  const response = await fetch(`${control}/${name}`, { method: "PUT", body: JSON.stringify(settings) });
  return response.json();
}

/** Waits until something is so: a busy edge may not have heard of its last purges, and says a miss. */
export async function until(isSo) {
  for (let n = 0; n < 50 && !(await isSo()); n += 1) await pause(100);
}

let customers = 0;

/** Options of a client on these servers, in a customer of its own. */
export function options(servers, more = {}) {
  customers += 1;
  return {
    apiKey: servers.key, baseUrl: servers.edge, customerId: `js-${process.pid}-${customers}`,
    // Longer than a busy machine may take: where a test is about time, it says so.
    threshold: "5s", deadline: "10s", connectTimeout: "5s", drain: "10s", ...more,
  };
}

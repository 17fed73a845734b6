// The table that both languages run.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { AgentCacheOverflow, OverflowError } from "../src/index.mjs";
import { wireKey } from "../src/payload.mjs";
import { ScriptedOverflow } from "./kit/overflow.mjs";
import { PrimaryError, ScriptedPrimary } from "./kit/scripts.mjs";

const STRETCH = 3; // every time in the table: what is told apart stays apart on a busy machine
const text = readFileSync(new URL("../../behaviour.json", import.meta.url), "utf8")
  .replace(/(slow:|"wait_ms": ?)(\d+)/g, (_, what, ms) => `${what}${ms * STRETCH}`)
  .replace(/"(\d+)(ms|s)"/g, (_, number, unit) => `"${number * STRETCH}${unit}"`);
const table = JSON.parse(text);

/** Where a row does not say: longer than a busy machine may take. */
const PATIENT_MS = 5_000;
const PATIENT = { threshold: "2s", deadline: PATIENT_MS, connectTimeout: PATIENT_MS };
const camel = (name) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());
const optionsOf = (config = {}) =>
  Object.fromEntries(Object.entries(config).map(([name, value]) => [camel(name), value]));

async function call(cache, client, { get, set, delete: deleted, flush, wait_ms: ms, ...expected }) {
  if (flush) return assert.equal(await client.flush(5_000), true);
  if (ms !== undefined) return pause(ms);
  const run = async () => {
    if (set !== undefined) return cache.set(set[0], told(set[1]), ...set.slice(2));
    if (deleted !== undefined) return cache.delete(deleted);
    return cache.answer(get);
  };
  if (expected.raises !== undefined) {
    const kind = { primary: PrimaryError, overflow: OverflowError }[expected.raises];
    return assert.rejects(run, (error) => error instanceof kind);
  }
  const answer = await run();
  if (get === undefined) return undefined;
  assert.deepEqual(answer.response, told(expected.value));
  for (const name of ["answered_by", "overflow_reason", "reason"]) {
    if (name in expected) assert.equal(answer[camel(name)], expected[name], `${get}: ${name}`);
  }
  return answer;
}

/** A value of the table: text, or bytes as `{"bytes": base64}`. */
function told(value) {
  return value?.bytes === undefined ? value : Buffer.from(value.bytes, "base64");
}

/** Objects member by member; "…end" is an end. */
function includes(actual, expected, where) {
  for (const [name, value] of Object.entries(expected)) {
    if (typeof value === "object" && value !== null) includes(actual?.[name], value, `${where}.${name}`);
    else if (typeof value === "string" && value.startsWith("…")) assert.ok(actual[name].endsWith(value.slice(1)), `${where}.${name}`);
    else assert.equal(actual?.[name] ?? null, value, `${where}.${name}`);
  }
}

async function run(row) {
  const overflow = await new ScriptedOverflow(row.overflow).start();
  const primary = new ScriptedPrimary(row.primary);
  const client = new AgentCacheOverflow({ apiKey: "k", baseUrl: overflow.url, ...PATIENT, ...optionsOf(row.config) });
  const cache = client.wrap(primary.functions());
  try {
    for (const { times = 1, together = 1, ...each } of row.calls) {
      for (let n = 0; n < times; n += 1) {
        await Promise.all(Array.from({ length: together }, () => call(cache, client, each)));
      }
    }
    await client.flush(5_000);
    const { then = {} } = row;
    includes(overflow.asked, then.asked ?? {}, "asked");
    includes(primary.asked, then.primary_asked ?? {}, "primary_asked");
    for (const [key, value] of Object.entries(then.overflow_holds ?? {})) {
      assert.equal(overflow.holds.get(key) ?? null, value, `the overflow's ${key}`);
    }
    for (const [key, value] of Object.entries(then.primary_holds ?? {})) {
      assert.equal(primary.holds.get(key) ?? null, value, `the primary's ${key}`);
    }
    const counts = client.counts();
    for (const [name, value] of Object.entries(then.counts ?? {})) {
      assert.equal(counts[name] ?? 0, value, `the counter ${name}`);
    }
    for (const [key, [least, most]] of Object.entries(then.primary_ttl ?? {})) {
      assert.ok(primary.ttl.get(key) >= least && primary.ttl.get(key) <= most, `the lifetime of ${key}`);
    }
    for (const [kind, members] of Object.entries({ lookup: then.sent ?? {}, ...then.sent_of })) {
      includes(overflow.last(kind), members, kind);
    }
    if (then.sends_deadline) assert.ok(overflow.deadline >= 1 && overflow.deadline <= PATIENT_MS);
  } finally {
    await client.close();
    await overflow.stop();
  }
}

/** A row with times in it is played again, twice at most: a machine may stand still for longer. */
async function played(row) {
  const isTimed = /slow:|wait_ms/.test(JSON.stringify(row));
  for (let left = isTimed ? 2 : 0; ; left -= 1) {
    try {
      return await run(row);
    } catch (error) {
      if (left === 0) throw error;
    }
  }
}

describe("the behaviour table", { concurrency: 12 }, () => {
  for (const row of table.rows) it(row.name, () => played(row));
});

describe("wire keys", () => {
  for (const { key, key_base64: base64, privacy, wire } of table.wire_keys) {
    it(`${privacy} ${JSON.stringify(key ?? base64).slice(0, 40)}`, () => {
      const given = key ?? Buffer.from(base64, "base64");
      const encryptionKey = Buffer.from(table.encryption_key, "base64");
      assert.equal(wireKey(given, { privacy, encryptionKey }), wire);
    });
  }
});

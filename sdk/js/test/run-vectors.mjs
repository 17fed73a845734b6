// Runs the shared digest vectors: node sdk/js/test/run-vectors.mjs [file]. Exit 1 on a difference.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { canonical, digest } from "../src/digest.mjs";

const here = new URL("../../../tests/vectors/digest.json", import.meta.url);
const file = process.argv[2] ?? fileURLToPath(here);
const { cases, pairs = [] } = JSON.parse(readFileSync(file, "utf8"));

function outcome(text) {
  try {
    const request = JSON.parse(text);
    return { canonical: canonical(request), digest: digest(request) };
  } catch (error) {
    if (error.code === undefined) throw error;
    return { error: error.code };
  }
}

let failed = 0;
for (const { name, request, ...expected } of cases) {
  const got = outcome(request);
  const same = ["canonical", "digest", "error"].every((part) => got[part] === expected[part]);
  if (!same) {
    failed += 1;
    console.error(`${name}\n  expected ${JSON.stringify(expected)}\n  got      ${JSON.stringify(got)}`);
  }
}
console.log(`${cases.length - failed} of ${cases.length} digest vectors agree`);

const digests = new Map(cases.map(({ name, request }) => [name, outcome(request).digest]));
let apart = 0;
for (const { left, right, equal } of pairs) {
  if ((digests.get(left) === digests.get(right)) === equal) continue;
  apart += 1;
  console.error(`${left} / ${right}: expected ${equal ? "one digest" : "two digests"}`);
}
console.log(`${pairs.length - apart} of ${pairs.length} pairs agree`);
process.exitCode = apart === 0 && failed === 0 && cases.length > 0 ? 0 : 1;

// Canonicalises one JSON text per line of standard input, one JSON string per line of output.
// tests/vectors/make_digest.py compares it with the Python reference before it writes vectors.

import { createInterface } from "node:readline";

import { canonicalJson } from "../src/digest.mjs";

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(canonicalJson(JSON.parse(line))));
}

// dist/: the sources as they are (ESM), each once more as CommonJS, and their types for both.

import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { transform } from "esbuild";

const here = fileURLToPath(new URL("./", import.meta.url));
const dist = `${here}dist/`;
/** `require()` of these gives the class itself; the other exports are its members. */
const CLASSES = { index: "AgentCacheOverflow", ioredis: "Redis" };
/** What `require()` of those gives. */
const ENDING = `{
  const { default: whole, ...members } = module.exports;
  for (const [name, value] of Object.entries(members)) {
    Object.defineProperty(whole, name, { value, enumerable: true, configurable: true });
  }
  module.exports = whole;
}
`;

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist);
const names = readdirSync(`${here}src`).map((file) => file.replace(/\.mjs$/, ""));
const asCommonJs = (text) => text.replaceAll(/(["'])(\.\/[\w-]+)\.mjs\1/g, "$1$2.cjs$1");

for (const name of names) {
  cpSync(`${here}src/${name}.mjs`, `${dist}${name}.mjs`);
  const source = readFileSync(`${here}src/${name}.mjs`, "utf8");
  const { code } = await transform(source, { format: "cjs", platform: "node", target: "node20" });
  writeFileSync(`${dist}${name}.cjs`, asCommonJs(code) + (name in CLASSES ? ENDING : ""));
}

execFileSync("npx", ["--no-install", "tsc", "-p", here], { cwd: here, stdio: "inherit" });
for (const name of names) {
  const types = asCommonJs(readFileSync(`${dist}${name}.d.mts`, "utf8"));
  writeFileSync(`${dist}${name}${name in CLASSES ? "-all" : ""}.d.cts`, types);
}
for (const [name, className] of Object.entries(CLASSES)) {
  const all = `import("./${name}-all.cjs")`;
  const exported = readFileSync(`${dist}${name}-all.d.cts`, "utf8").matchAll(/^export type (\w+) =/gm);
  const types = [...exported].map(([, type]) => `  type ${type} = ${all}.${type};`);
  writeFileSync(
    `${dist}${name}.d.cts`,
    `declare const ${className}: typeof ${all}.${className} & typeof ${all};\n` +
      `type ${className} = InstanceType<typeof ${all}.${className}>;\n` +
      `declare namespace ${className} {\n${types.join("\n")}\n}\nexport = ${className};\n`,
  );
}

// Writes integrations/connectors/functions/vendor/{sucrase.js,LICENSES.txt}. Run through `npm ci && npm run build`.
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const target = new URL("../../../integrations/connectors/functions/vendor/", import.meta.url);

const { metafile } = await build({
  entryPoints: [fileURLToPath(new URL("entry.mjs", import.meta.url))],
  outfile: fileURLToPath(new URL("sucrase.js", target)),
  bundle: true,
  format: "iife",
  globalName: "Sucrase",
  platform: "neutral",
  mainFields: ["module", "main"],
  target: "es2022",
  minifySyntax: true,
  minifyWhitespace: true,
  charset: "ascii",
  legalComments: "inline",
  metafile: true,
});

// Only packages that really ended up in the bundle are named.
const packages = new Set();
for (const path of Object.keys(metafile.inputs)) {
  const match = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path);
  if (match) packages.add(match[1]);
}
const texts = [];
for (const name of [...packages].sort()) {
  const folder = new URL(`node_modules/${name}/`, import.meta.url);
  const { version, license } = JSON.parse(await readFile(new URL("package.json", folder), "utf8"));
  texts.push(`${name} ${version} (${license})\n\n${(await readFile(new URL("LICENSE", folder), "utf8")).trim()}\n`);
}
await writeFile(new URL("LICENSES.txt", target), texts.join(`\n${"-".repeat(80)}\n\n`));
console.log(`bundled ${[...packages].join(", ")}`);

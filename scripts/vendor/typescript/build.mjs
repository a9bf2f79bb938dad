// Writes integrations/connectors/functions/vendor/{typescript.js,LICENSES.txt}. Run through `npm ci && npm run build`.
//
// The package ships one file of 9 MB in which every module of the compiler starts with a comment that names it, and all
// share one scope. The compiler proper imports nothing of the editor services and of tsserver, so its modules alone are
// a whole program; esbuild then drops what the names below do not need.
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { createContext, runInContext } from "node:vm";

import { build } from "esbuild";

const NAMES = [
  ...["createProgram", "createSourceFile", "createSourceMapGenerator", "decodeMappings", "computeLineStarts"],
  ...["flattenDiagnosticMessageText", "forEachChildRecursively", "forEachReturnStatement", "getTokenPosOfNode"],
  ...["factory", "idText", "skipTrivia"],
  ...["JSDocParsingMode", "ModuleDetectionKind", "ModuleKind", "NewLineKind", "ScriptTarget", "SyntaxKind"],
];

const target = new URL("../../../integrations/connectors/functions/vendor/", import.meta.url);
const folder = new URL("node_modules/typescript/", import.meta.url);

const { version, license } = JSON.parse(await readFile(new URL("package.json", folder), "utf8"));
const modules = (await readFile(new URL("lib/typescript.js", folder), "utf8")).split(/^(?=\/\/ src\/)/m);
const compiler = modules.filter((module) => /^\/\/ src\/compiler\/(?!_namespaces\/)/.test(module));

// Appending to a text is quick in QuickJS, until a character of it is read: then all of it is copied together. The writer
// reads the last one again and again, so it is given a memory of what it wrote last.
const QUICK_WRITER = [
  ["  var output;\n  var indent3;", "  var output;\n  var ending = '';\n  var indent3;"],
  ["      output += s;\n      updateLineCountAndPosFor(s);", "      output += s;\n      ending = s || ending;\n      updateLineCountAndPosFor(s);"],
  ["      output += newLine;", "      output += newLine;\n      ending = newLine;"],
  ["isWhiteSpaceLike(output.charCodeAt(output.length - 1))", "isWhiteSpaceLike(ending.charCodeAt(ending.length - 1))"],
];

function withQuickWriter(code) {
  const start = code.indexOf("function createTextWriter(");
  const end = code.indexOf("\nfunction ", start);
  let writer = code.slice(start, end);
  for (const [old, quick] of QUICK_WRITER) {
    if (!writer.includes(old)) throw new Error(`createTextWriter has changed, without ${old}`);
    writer = writer.replaceAll(old, quick);
  }
  return code.slice(0, start) + writer + code.slice(end);
}

const { outputFiles } = await build({
  stdin: { contents: `${withQuickWriter(compiler.join(""))}\nexport { ${NAMES.join(", ")} };\n` },
  write: false,
  bundle: true,
  format: "iife",
  globalName: "ts",
  platform: "neutral",
  // It looks for Node before it uses these.
  external: ["fs", "path", "os", "inspector", "crypto"],
  target: "es2022",
  minify: true,
  charset: "ascii",
});
const [{ text }] = outputFiles;

// A name that the modules left out would have defined shows only when it is used.
const realm = createContext({});
runInContext(text, realm);
const kinds = runInContext('ts.createSourceFile("a.ts", "let a: number = 1", 99).statements.length', realm);
if (kinds !== 1) throw new Error("the bundle does not parse");

await writeFile(fileURLToPath(new URL("typescript.js", target)), `/* TypeScript ${version}, see LICENSES.txt */\n${text}`);
const texts = await Promise.all(
  ["LICENSE.txt", "ThirdPartyNoticeText.txt"].map((name) => readFile(new URL(name, folder), "utf8")),
);
await writeFile(
  fileURLToPath(new URL("LICENSES.txt", target)),
  `typescript ${version} (${license})\n\n${texts.map((each) => each.trim().replaceAll("\r\n", "\n")).join(`\n\n${"-".repeat(80)}\n\n`)}\n`,
);
console.log(`bundled TypeScript ${version}: ${text.length} bytes`);

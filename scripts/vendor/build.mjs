// Builds static/vendor from the packages in package.json, each with the licenses of what is in it.

import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const vendor = join(here, "..", "..", "static", "vendor");

/** Names of the packages whose code went into a bundle, from esbuild's list of inputs. */
function packagesIn(metafile) {
  const names = Object.keys(metafile.inputs).map((path) => path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1]);
  return [...new Set(names.filter(Boolean))].sort();
}

async function licenseOf(name) {
  const folder = join(here, "node_modules", name);
  const { version } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  return `${name} ${version}\n\n${(await readFile(join(folder, "LICENSE"), "utf8")).trim()}\n`;
}

async function bundleCodeMirror() {
  const folder = join(vendor, "codemirror");
  await mkdir(folder, { recursive: true });
  const { metafile } = await build({
    entryPoints: [join(here, "codemirror.js")],
    outfile: join(folder, "codemirror.js"),
    bundle: true,
    format: "esm",
    minify: true,
    target: "es2022",
    metafile: true,
    absWorkingDir: here,
  });
  const licenses = await Promise.all(packagesIn(metafile).map(licenseOf));
  await writeFile(join(folder, "LICENSE"), licenses.join("\n---\n\n"));
}

/** Alpine ships built; its package has no license file, so the text in static/vendor/alpine stays as it is. */
async function copyAlpine() {
  const folder = join(vendor, "alpine");
  await mkdir(folder, { recursive: true });
  await copyFile(join(here, "node_modules", "@alpinejs", "csp", "dist", "cdn.min.js"), join(folder, "alpine-csp.js"));
}

await Promise.all([bundleCodeMirror(), copyAlpine()]);

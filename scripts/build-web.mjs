// Bundles what browsers load into dist/web/: each src/console/pages/NAME.html with the modules it names as
// <script type="module" src="./NAME.js"> (source: NAME.ts beside it), and the player: player.js, beside it
// worker.js, worklet.js and what is loaded only where it is needed; element.js is the player as a custom element, and
// sluice.js the one <script> of a page without modules, with the SWF that it may take.
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { makeSwf } from "./build-swf.mjs";
import { filesUnder } from "./lib/files.mjs";
import { shortErrors } from "./lib/short-errors.mjs";

const PAGES = "src/console/pages";
const PLAYER = "src/player/index.ts";
const WORKER = "src/player/worker.ts";
const ELEMENT = "src/player/element.ts";
const WORKLET = "src/player/worklet.ts";
const LOADER = "src/player/script/loader.js";
const SCRIPT_MODULE = "src/player/script/module.ts";
const OUT = "dist/web";

const MODULE_SCRIPT = /<script\b(?=[^>]*\btype="module")[^>]*\bsrc="\.\/([\w-]+)\.js"/g;

export async function buildWeb() {
  const pages = filesUnder(PAGES, (name) => name.endsWith(".html"));
  const copies = filesUnder(PAGES, (name) => !/\.(ts|md)$/.test(name));
  const entries = {};
  for (const page of pages) {
    for (const [, name] of readFileSync(page, "utf8").matchAll(MODULE_SCRIPT)) {
      if (name === "player") continue; // the player's own bundle, below
      const source = path.posix.join(PAGES, `${name}.ts`);
      if (!existsSync(source)) throw new Error(`${page} loads ./${name}.js, but there is no ${source}`);
      entries[name] = source;
    }
  }

  const options = {
    outdir: OUT,
    bundle: true,
    format: "esm",
    platform: "browser",
    target: ["chrome100", "firefox100", "safari16"],
    minify: true,
    legalComments: "none",
    metafile: true,
    logLevel: "warning",
  };
  // Our server writes no AMF3, and what a publisher sends as such is nothing to look at: two kilobytes saved.
  const withoutAmf3 = {
    name: "without-amf3",
    setup: ({ onLoad }) =>
      onLoad({ filter: /format[/\\]amf[/\\]amf3\.ts$/ }, () => ({
        contents:
          'import { MediaError } from "../../model/error.js";\n' +
          'export class Amf3Decoder { value() { throw new MediaError("unsupported", "AMF3"); } }\n' +
          "export function writeAmf3() {}\n",
        loader: "ts",
        resolveDir: path.resolve("src/media/format/amf"),
      })),
  };
  options.plugins = [withoutAmf3, shortErrors];
  // Pages, and the loader's module, take the player that is served beside them, whose chunks know where its other files are.
  const besideThePage = {
    name: "beside-the-page",
    setup: ({ onResolve }) =>
      onResolve({ filter: /\/player\/index\.js$|^\.\.\/player\.js$/ }, () => ({
        path: "./player.js",
        external: true,
      })),
  };
  const results = [];
  if (Object.keys(entries).length > 0) {
    const plugins = [...options.plugins, besideThePage];
    results.push(
      await build({ ...options, entryPoints: entries, plugins, splitting: true, chunkNames: "chunk-[hash]" }),
    );
  }
  if (existsSync(PLAYER)) {
    // What a page may never need is a file of its own, whole: shared chunks cost more than what they share.
    const lazy = ["path/decide", "mse/local", "webcodecs/engine", "hls/engine", "flash/engine"].concat(
      "telemetry/reporter",
      "source/ask",
    );
    const external = lazy.map((name) => `./${name}.js`);
    results.push(await build({ ...options, entryPoints: { player: PLAYER }, external }));
    for (const name of lazy) {
      results.push(await build({ ...options, entryPoints: { [name]: `src/player/${name}.ts` } }));
    }
    // The element has the player beside it, not in it.
    results.push(await build({ ...options, entryPoints: { element: ELEMENT }, external: ["./player.js"] }));
    results.push(await build({ ...options, entryPoints: { worker: WORKER, worklet: WORKLET } }));
    // The loader is no module, and stays what it was written in.
    results.push(
      await build({
        ...options,
        entryPoints: { sluice: LOADER },
        format: "iife",
        bundle: false,
        target: "es5",
      }),
    );
    const plugins = [...options.plugins, besideThePage];
    results.push(await build({ ...options, entryPoints: { "script-module": SCRIPT_MODULE }, plugins }));
  }

  const swf = makeSwf();
  // Beside the player for bundlers, and beside its bundle for pages.
  for (const folder of ["dist/player", OUT]) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${folder}/sluice.swf`, swf);
  }

  const written = new Set(results.flatMap((result) => Object.keys(result.metafile.outputs)));
  written.add(`${OUT}/sluice.swf`);
  for (const source of copies) {
    const copy = path.posix.join(OUT, path.posix.relative(PAGES, source));
    mkdirSync(path.dirname(copy), { recursive: true });
    copyFileSync(source, copy);
    written.add(copy);
  }
  copyFileSync("node_modules/uplot/dist/uPlot.min.css", `${OUT}/uplot.css`);
  written.add(`${OUT}/uplot.css`);
  for (const old of filesUnder(OUT, (name) => !written.has(name))) rmSync(old);
  for (const file of [...written].sort()) {
    const bytes = readFileSync(file);
    console.log(`${file}  ${bytes.length} bytes, ${gzipSync(bytes).length} gzipped`);
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  await buildWeb();

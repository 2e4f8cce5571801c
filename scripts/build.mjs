// npm run build: the rooms with tsc, file for file, then the pages and the browser player with esbuild.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, rmSync } from "node:fs";
import { buildWeb } from "./build-web.mjs";
import { filesUnder } from "./lib/files.mjs";

const ROOMS = ["media", "hub", "abr", "av", "server", "edge", "player", "console", "cli"];

const tsc = spawnSync(
  process.execPath,
  ["node_modules/typescript/bin/tsc", "-b", ...ROOMS.map((room) => `src/${room}`)],
  { stdio: "inherit" },
);
if (tsc.status !== 0) process.exit(tsc.status ?? 1);

// tsc never removes what a deleted source left behind, and the package takes all of dist/.
for (const room of ROOMS) {
  for (const output of filesUnder(`dist/${room}`, () => true)) {
    const source = output.replace(/^dist\//, "src/").replace(/(\.d\.ts|\.js\.map|\.js)$/, ".ts");
    if (!existsSync(source) || source.endsWith(".test.ts")) rmSync(output);
  }
}

await buildWeb();
if (existsSync("dist/cli/main.js")) chmodSync("dist/cli/main.js", 0o755);

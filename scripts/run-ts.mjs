// Runs a TypeScript program of this repository: node scripts/run-ts.mjs [node's flags] FILE [arguments]
//
// Node 20 strips no types, so esbuild translates src/, what programs share and the file's folder, file for file,
// into .cache/run/.
// Programs that want the built package import "sluice"; paths to files are relative to the working directory.
import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import path from "node:path";
import { build } from "esbuild";
import { filesUnder } from "./lib/files.mjs";

const rest = process.argv.slice(2);
const flags = rest.splice(
  0,
  rest.findIndex((argument) => !argument.startsWith("-")),
);
const file = rest.shift();
if (file === undefined) throw new TypeError("usage: node scripts/run-ts.mjs [node's flags] FILE [arguments]");

const isProgram = (name) => name.endsWith(".ts") && !name.endsWith(".test.ts") && !name.endsWith(".d.ts");
// What is left of a removed file must not be found by a program that lists its own folder.
rmSync(path.join(".cache/run", path.dirname(file)), { recursive: true, force: true });
const folders = ["src", "bench", "test/support", path.dirname(file)];
await build({
  entryPoints: [...new Set(folders.flatMap((folder) => filesUnder(folder, isProgram)))],
  outdir: ".cache/run",
  outbase: ".",
  format: "esm",
  target: "node20.19",
  sourcemap: "linked",
  logLevel: "warning",
});

const program = path.join(".cache/run", file.replace(/\.ts$/, ".js"));
const child = spawn(process.execPath, ["--enable-source-maps", ...flags, program, ...rest], {
  stdio: "inherit",
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
child.on("exit", (code, signal) => {
  process.exitCode = code ?? (signal === "SIGINT" ? 130 : 143);
});

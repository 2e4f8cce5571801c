import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NODE_AV_FOLDER } from "../support/node-av.js";

// Which engine is chosen, by a program that imports what is built.

const built = pathToFileURL(path.resolve("dist/av/index.js")).href;
const PROGRAM = `
import { chooseEngine } from ${JSON.stringify(built)};
const engine = await chooseEngine();
console.log(engine.name, engine.version);
`;
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "sluice-found-"));
  for (const app of ["with", "without", "broken"])
    mkdirSync(path.join(folder, app, "node_modules"), { recursive: true });
  for (const app of ["with", "without", "broken"])
    writeFileSync(path.join(folder, app, "program.mjs"), PROGRAM);
  symlinkSync(
    path.join(NODE_AV_FOLDER, "node_modules/node-av"),
    path.join(folder, "with/node_modules/node-av"),
  );
  const broken = path.join(folder, "broken/node_modules/node-av");
  mkdirSync(broken);
  writeFileSync(
    path.join(broken, "lib.js"),
    "throw new Error('Could not load the node-av native binding');\n",
  );
  const manifest = { name: "node-av", version: "6.1.1", type: "module", exports: { "./lib": "./lib.js" } };
  writeFileSync(path.join(broken, "package.json"), JSON.stringify(manifest));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function engineOf(program: string, env: Readonly<Record<string, string>> = {}, cwd = folder): string {
  const file = path.join(folder, program, "program.mjs");
  return execFileSync(process.execPath, [file], {
    cwd,
    env: { ...process.env, ...env },
    encoding: "utf8",
  }).trim();
}

describe("the engine of a program", () => {
  it("is node-av where it is installed beside it", () => {
    expect(engineOf("with")).toMatch(/^node-av 8\.1/);
  });

  it("is node-av where NODE_PATH has it", () => {
    expect(engineOf("without", { NODE_PATH: path.join(NODE_AV_FOLDER, "node_modules") })).toMatch(
      /^node-av 8\.1/,
    );
  });

  it("is not what a folder has that one happens to be in", () => {
    expect(engineOf("without", {}, path.join(folder, "with"))).toMatch(/^ffmpeg \d/);
  });

  it("is FFmpeg's programs where that is asked for, or node-av cannot be loaded", () => {
    expect(engineOf("with", { SLUICE_AV_ENGINE: "ffmpeg" })).toMatch(/^ffmpeg \d/);
    expect(engineOf("broken")).toMatch(/^ffmpeg \d/);
  });
});

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";

// The walls between the rooms are configuration, and configuration rots silently. Here the real tsconfig files and
// the real biome.json judge small samples in an empty copy of the house.

const ROOT = process.cwd();
const houses: string[] = [];
afterAll(() => {
  for (const house of houses) rmSync(house, { recursive: true, force: true });
});

type Files = Record<string, string>;

function houseWith(files: Files): string {
  const house = mkdtempSync(path.join(tmpdir(), "sluice-walls-"));
  houses.push(house);
  for (const name of ["tsconfig.base.json", "biome.json", ".gitignore", "package.json"]) {
    cpSync(path.join(ROOT, name), path.join(house, name));
  }
  const rooms = readdirSync(path.join(ROOT, "src"));
  for (const room of rooms) {
    cpSync(path.join(ROOT, "src", room, "tsconfig.json"), path.join(house, "src", room, "tsconfig.json"));
  }
  cpSync(path.join(ROOT, "src/media/globals.d.ts"), path.join(house, "src/media/globals.d.ts"));
  const references = rooms.map((room) => ({ path: `src/${room}` }));
  writeFileSync(path.join(house, "tsconfig.json"), JSON.stringify({ files: [], references }));
  symlinkSync(path.join(ROOT, "node_modules"), path.join(house, "node_modules"));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(house, name)), { recursive: true });
    writeFileSync(path.join(house, name), text);
  }
  return house;
}

function run(house: string, program: string, ...args: string[]): string {
  const result = spawnSync(process.execPath, [path.join(ROOT, "node_modules", program), ...args], {
    cwd: house,
    encoding: "utf8",
  });
  return `${result.stdout}${result.stderr}`;
}

/** The compiler's complaints, as "path: TScode", without duplicates. */
function compile(files: Files): string[] {
  const output = run(houseWith(files), "typescript/bin/tsc", "-b", "--pretty", "false");
  return [
    ...new Set([...output.matchAll(/^(\S+?)\(\d+,\d+\): error (TS\d+)/gm)].map((m) => `${m[1]}: ${m[2]}`)),
  ];
}

/** Biome's complaints, as "path: rule". */
function lint(files: Files): string[] {
  const output = run(
    houseWith(files),
    "@biomejs/biome/bin/biome",
    "lint",
    "--colors=off",
    "--max-diagnostics=none",
  );
  return [...output.matchAll(/^(\S+?):\d+:\d+ (lint\/\S+)/gm)].map((m) => `${m[1]}: ${m[2]}`).sort();
}

const CANNOT_FIND_NAME = /TS2304|TS2580|TS2584|TS2552|TS2503|TS2591/;
const USED = "export const used: number = 1;\n";

describe("the compiler", { timeout: 60_000 }, () => {
  it("accepts what each room may use", () => {
    const found = compile({
      "src/media/shared.ts":
        "export function text(signal: AbortSignal): string { signal.throwIfAborted(); return new TextDecoder().decode(new Uint8Array(1)); }\n" +
        "export function stream(): TransformStream<number, string> { return new TransformStream({ transform: (n, out) => out.enqueue(String(n)) }); }\n",
      "src/hub/a.ts":
        'export { text } from "../media/shared.js";\nexport const kept: AbortSignal | undefined = undefined;\n',
      "src/av/a.ts": "export const pid: number = process.pid;\n",
      "src/abr/a.ts": "export const parsed: number = Number.parseInt('1', 10);\n",
      "src/edge/a.ts":
        'import { parsed } from "../abr/a.js";\n' +
        "export const answer: Response = new Response(String(parsed), { headers: new Headers() });\n",
      "src/server/b.ts": 'export { parsed } from "../abr/a.js";\nexport { pid } from "../av/a.js";\n',
      "src/server/a.ts":
        'import { stream, text } from "../media/shared.js";\nimport { kept } from "../hub/a.js";\n' +
        "export const all = [Buffer.from(text(new AbortController().signal)), stream().readable, kept ?? AbortSignal.abort()];\n",
      "src/player/a.ts":
        'import { stream, text } from "../media/shared.js";\n' +
        "export const all: unknown[] = [document.title, text(AbortSignal.timeout(1)), stream().readable];\n",
      "src/console/a.ts":
        'import { all } from "../player/a.js";\nexport const title = [all, location.href];\n',
      "src/cli/a.ts": 'import { all } from "../server/a.js";\nexport const argv = [all, process.argv];\n',
    });
    expect(found).toEqual([]);
  });

  it("lets no room name what its platform lacks", () => {
    const lacking = {
      media: ["Buffer", "process", "setTimeout", "performance", "document"],
      hub: ["Buffer", "process", "setTimeout", "performance", "document"],
      abr: ["Buffer", "process", "setTimeout", "URL", "Headers", "document"],
      edge: ["Buffer", "process"],
      player: ["Buffer", "process"],
      console: ["Buffer", "process"],
      server: ["document", "window"],
      cli: ["document", "window"],
    };
    const names = Object.entries(lacking).flatMap(([room, list]) =>
      list.map((name) => [room, name] as const),
    );
    const found = compile(
      Object.fromEntries(
        names.map(([room, name]) => [`src/${room}/${name}.ts`, `export const a: unknown = ${name};\n`]),
      ),
    );
    const complained = found.map((line) => line.replace(CANNOT_FIND_NAME, "unknown name")).sort();
    expect(complained).toEqual(names.map(([room, name]) => `src/${room}/${name}.ts: unknown name`).sort());
  });

  it("lets no room import what it does not reference", () => {
    const forbidden = [
      ["media", "hub"],
      ["media", "server"],
      ["hub", "server"],
      ["hub", "player"],
      ["hub", "abr"],
      ["abr", "media"],
      ["abr", "hub"],
      ["av", "hub"],
      ["av", "server"],
      ["edge", "server"],
      ["player", "hub"],
      ["player", "server"],
      ["console", "server"],
      ["server", "player"],
      ["server", "cli"],
    ] as const;
    const files: Files = Object.fromEntries(
      forbidden.flatMap(([room, other]) => [
        [`src/${room}/${other}.ts`, `export { used } from "../${other}/b.js";\n`],
        [`src/${other}/b.ts`, USED],
      ]),
    );
    const notListed = compile(files).filter((line) => line.endsWith("TS6307"));
    expect(notListed).toEqual(
      expect.arrayContaining(forbidden.map(([room, other]) => `src/${room}/${other}.ts: TS6307`)),
    );
  });

  it("keeps Node's modules out of the pure and the browser's rooms", () => {
    const use = 'import { readFileSync } from "node:fs";\nexport const read: unknown = readFileSync;\n';
    const found = compile({ "src/media/a.ts": use, "src/hub/a.ts": use, "src/player/a.ts": use });
    expect(found.map((line) => line.split(":")[0])).toEqual([
      "src/media/a.ts",
      "src/hub/a.ts",
      "src/player/a.ts",
    ]);
  });

  it("wants explicit types on exports in media/, hub/ and player/", () => {
    const use = "export const a = Number(1);\n";
    const found = compile({
      "src/media/a.ts": use,
      "src/hub/a.ts": use,
      "src/player/a.ts": use,
      "src/server/a.ts": use,
    });
    expect(found).toEqual(["src/media/a.ts: TS9010", "src/hub/a.ts: TS9010", "src/player/a.ts: TS9010"]);
  });
});

describe("the linter", { timeout: 60_000 }, () => {
  const restricted = (...files: string[]) =>
    files.map((file) => `${file}: lint/style/noRestrictedImports`).sort();
  const importing = (name: string) => `import { used } from "${name}";\nexport const a: number = used;\n`;

  it("lets imports point only to the left", () => {
    const targets = [
      "media/bytes",
      "media/model",
      "media/codec",
      "media/format/flv",
      "media/wire/rtmp",
      "hub",
      "abr",
      "server/net",
      "server/protocol/flv",
      "player",
      "cli",
    ];
    const house: Files = Object.fromEntries(targets.map((folder) => [`src/${folder}/b.ts`, USED]));
    expect(
      lint({
        ...house,
        "src/media/bytes/right.ts": importing("../model/b.js"),
        "src/media/model/right.ts": importing("../codec/b.js"),
        "src/media/codec/right.ts": importing("../format/flv/b.js"),
        "src/media/format/flv/right.ts": importing("../../wire/rtmp/b.js"),
        "src/media/wire/rtmp/right.ts": importing("../../../hub/b.js"),
        "src/media/wire/rtmp/node.ts": importing("node:fs"),
        "src/hub/right.ts": importing("../server/net/b.js"),
        "src/player/right.ts": importing("../hub/b.js"),
        "src/abr/right.ts": importing("../hub/b.js"),
        "src/av/right.ts": importing("../hub/b.js"),
        "src/edge/right.ts": importing("../server/net/b.js"),
        "src/server/net/right.ts": importing("../protocol/flv/b.js"),
        "src/server/right.ts": importing("../cli/b.js"),
        "src/server/protocol/rtmp/sibling.ts": importing("../flv/b.js"),
        "src/server/protocol/rtmp/deep/sibling.ts": importing("../../flv/b.js"),
      }),
    ).toEqual(
      restricted(
        "src/media/bytes/right.ts",
        "src/media/model/right.ts",
        "src/media/codec/right.ts",
        "src/media/format/flv/right.ts",
        "src/media/wire/rtmp/right.ts",
        "src/media/wire/rtmp/node.ts",
        "src/hub/right.ts",
        "src/player/right.ts",
        "src/abr/right.ts",
        "src/av/right.ts",
        "src/edge/right.ts",
        "src/server/net/right.ts",
        "src/server/right.ts",
        "src/server/protocol/rtmp/sibling.ts",
        "src/server/protocol/rtmp/deep/sibling.ts",
      ),
    );
    expect(
      lint({
        ...house,
        "src/media/model/error.ts": USED,
        "src/media/bytes/left.ts": importing("../model/error.js"),
        "src/media/codec/left.ts": importing("../bytes/b.js"),
        "src/media/format/flv/left.ts": importing("../../codec/b.js"),
        "src/hub/left.ts": importing("../media/format/flv/b.js"),
        "src/edge/left.ts": importing("../abr/b.js"),
        "src/server/ladder.ts": importing("../abr/b.js"),
        "src/server/app.ts": importing("./protocol/flv/b.js"),
        "src/server/protocol/rtmp/left.ts": importing("../../net/b.js"),
        "src/server/protocol/rtmp/own.ts": importing("./left.js"),
        "src/server/protocol/rtmp/wire.ts": importing("../../../media/wire/rtmp/b.js"),
        "src/server/protocol/rtmp/deep/own.ts": importing("../left.js"),
        "src/server/protocol/rtmp/deep/left.ts": importing("../../../../hub/b.js"),
        "src/cli/left.ts": importing("../server/net/b.js"),
      }),
    ).toEqual([]);
  });

  it("finds cycles, forgotten promises, default exports, barrels and clocks", () => {
    expect(
      lint({
        "src/hub/a.ts": 'import { b } from "./b.js";\nexport function a(): number { return b() + 1; }\n',
        "src/hub/b.ts": 'import { a } from "./a.js";\nexport function b(): number { return a() + 1; }\n',
        "src/server/a.ts":
          "async function later(): Promise<number> { return await new Promise(() => 1); }\nexport function f(): void { later(); }\n",
        "src/server/b.ts": "const value = 1;\nexport default value;\n",
        "src/server/c/barrel.ts": 'export { f } from "../a.js";\n',
        "src/server/index.ts": 'export { f } from "./a.js";\n',
        "src/hub/clock.ts": "export const now: number = Date.now();\n",
        "src/media/random.ts": "export const n: number = Math.random();\n",
      }),
    ).toEqual([
      "src/hub/a.ts: lint/suspicious/noImportCycles",
      "src/hub/b.ts: lint/suspicious/noImportCycles",
      "src/hub/clock.ts: lint/nursery/noJsRestrictedProperties",
      "src/media/random.ts: lint/nursery/noJsRestrictedProperties",
      "src/server/a.ts: lint/nursery/noFloatingPromises",
      "src/server/b.ts: lint/style/noDefaultExport",
      "src/server/c/barrel.ts: lint/performance/noBarrelFile",
    ]);
  });
});

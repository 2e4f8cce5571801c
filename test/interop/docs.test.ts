import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { transformSync } from "esbuild";
import { describe, expect, it } from "vitest";
import { serverSchema } from "../../src/server/app.js";

/** A fenced block of code. */
interface Fence {
  /** Such as `ts`, `ts browser` or `ts run`; empty for a picture. */
  readonly info: string;
  readonly code: string;
  /** Where it begins, such as `docs/media.md:12`. */
  readonly place: string;
}

const PAGES = [
  "README.md",
  "README.zh-CN.md",
  "CONTRIBUTING.md",
  "examples/README.md",
  ...readdirSync("docs").map((name) => `docs/${name}`),
].filter((name) => name.endsWith(".md"));

/** What the pages take for granted, as a reader does. */
const GIVEN = `
import type { LiveServer } from "sluice";
declare global {
  const live: LiveServer;
  const signal: AbortSignal;
  const sps: Uint8Array;
  const pps: Uint8Array;
  const camera: AsyncIterable<{ at: number; nalUnits: Uint8Array; idr: boolean }>;
  function isValidKey(stream: string, key: string | null): Promise<boolean>;
}
`;
const ROOT = ".cache/docs";

function fencesOf(page: string): Fence[] {
  const text = readFileSync(page, "utf8");
  return [...text.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].map((match) => ({
    info: match[1] ?? "",
    code: match[2] ?? "",
    place: `${page}:${text.slice(0, match.index).split("\n").length}`,
  }));
}

const code = PAGES.flatMap(fencesOf).filter(({ info }) => info.split(" ")[0] === "ts");

/** A block as a module of the package: below the repository, so that "sluice" is what was built here. */
function fileOf({ place }: Fence, extension: string): string {
  return `${place.replace(/[^\w.-]/g, "-")}.${extension}`;
}

function compile(name: string, fences: readonly Fence[], options: object): string {
  const folder = `${ROOT}/${name}`;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const fence of fences) {
    writeFileSync(`${folder}/${fileOf(fence, "ts")}`, `${fence.code}\nexport {};\n`);
  }
  if (name === "node") writeFileSync(`${folder}/given.d.ts`, GIVEN);
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: true,
    noEmit: true,
    module: "NodeNext",
    target: "ES2023",
    ...options,
  };
  writeFileSync(`${folder}/tsconfig.json`, JSON.stringify({ compilerOptions, include: ["*.ts"] }));
  const tsc = ["node_modules/typescript/bin/tsc", "--pretty", "false", "-p", folder];
  return spawnSync(process.execPath, tsc, { encoding: "utf8" }).stdout;
}

describe("the pages' code", () => {
  const isBrowser = ({ info, code }: Fence): boolean =>
    info.includes("browser") || code.includes("sluice/player");

  it("compiles in Node against the built package", () => {
    const fences = code.filter((fence) => !isBrowser(fence));
    expect(fences.length).toBeGreaterThan(5);
    expect(compile("node", fences, { lib: ["ES2023"], types: ["node"] })).toBe("");
  });

  it("compiles in browsers", () => {
    const fences = code.filter(isBrowser);
    expect(fences.length).toBeGreaterThan(2);
    expect(compile("browser", fences, { lib: ["ES2023", "DOM", "DOM.Iterable"], types: [] })).toBe("");
  });

  it("runs where it says so", () => {
    const [fence, ...others] = code.filter(({ info }) => info === "ts run");
    if (fence === undefined) throw new Error("no such code");
    expect(others).toEqual([]);
    mkdirSync(ROOT, { recursive: true });
    const program = path.resolve(ROOT, fileOf(fence, "js"));
    writeFileSync(program, transformSync(fence.code, { loader: "ts", format: "esm" }).code);
    const cwd = mkdtempSync(path.join(tmpdir(), "sluice-docs-"));
    try {
      copyFileSync("assets/demo.flv", path.join(cwd, "clip.flv"));
      const run = spawnSync(process.execPath, [program], { cwd, encoding: "utf8" });
      expect([run.status, run.stderr]).toEqual([0, ""]);
      const sent = packetsIn("assets/demo.flv");
      expect(sent.length).toBeGreaterThan(1000);
      expect(packetsIn(path.join(cwd, "clip.mp4"))).toEqual(sent);
    } finally {
      rmSync(cwd, { recursive: true });
    }
  });

  it("begins with the three lines that are tested", () => {
    const lines = (text: string): string[] =>
      text
        .split("\n")
        .map((line) => line.replace(/ *\/\/.*$/, ""))
        .filter((line) => line !== "");
    expect(lines(fencesOf("README.md")[0]?.code ?? "")).toEqual(
      lines(readFileSync("examples/three-lines.ts", "utf8")),
    );
  });
});

describe("the README in Chinese", () => {
  const [english, chinese] = [readFileSync("README.md", "utf8"), readFileSync("README.zh-CN.md", "utf8")];
  const levels = (text: string): string[] => text.replace(/^```[\s\S]*?^```$/gm, "").match(/^#+ /gm) ?? [];
  const targets = (text: string): string[] =>
    [...text.matchAll(/\]\(([^)]+)\)/g)]
      .map((match) => match[1] ?? "")
      .filter((target) => !/README/.test(target));
  /** What stays the same in another language: neither comments nor words for people. */
  const bare = ({ info, code }: Fence): string =>
    info === "" ? "" : code.replace(/ *(\/\/|# ).*$/gm, "").replace(/"[^"\n]*[: ：]"/g, '""');

  it("has the same headings, code, tables and links", () => {
    expect(levels(chinese)).toEqual(levels(english));
    expect(fencesOf("README.zh-CN.md").map(({ info }) => info)).toEqual(
      fencesOf("README.md").map(({ info }) => info),
    );
    expect(fencesOf("README.zh-CN.md").map(bare)).toEqual(fencesOf("README.md").map(bare));
    expect(chinese.match(/^\|/gm)?.length).toBe(english.match(/^\|/gm)?.length);
    expect(chinese.match(/^- \*\*/gm)?.length).toBe(english.match(/^- \*\*/gm)?.length);
    expect(targets(chinese).sort()).toEqual(targets(english).sort());
  });
});

it("no link of the pages leads nowhere", () => {
  const dead: string[] = [];
  for (const page of PAGES) {
    for (const [, target = ""] of readFileSync(page, "utf8").matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)) {
      if (/^https?:/.test(target)) continue;
      if (!existsSync(path.join(path.dirname(page), target))) dead.push(`${page}: ${target}`);
    }
  }
  expect(dead).toEqual([]);
});

/** Such as `maxLagMs` (3 s): the page's word against the schema's. */
it("the defaults on the pages are true", () => {
  const defaults: Readonly<Record<string, unknown>> = serverSchema.parse({});
  const units: Readonly<Record<string, number>> = { s: 1000, 秒: 1000, MiB: 1024 ** 2 };
  const checked = new Set<string>();
  for (const page of PAGES) {
    for (const [, key = "", figure = "", unit = ""] of readFileSync(page, "utf8").matchAll(
      /`(\w+)`(?: \(|（)([\d,]+) ?(s|秒|MiB)?[)）]/g,
    )) {
      if (!Object.hasOwn(defaults, key)) continue;
      checked.add(key);
      expect(`${page}: ${key} ${Number(figure.replaceAll(",", "")) * (units[unit] ?? 1)}`).toBe(
        `${page}: ${key} ${defaults[key]}`,
      );
    }
  }
  expect(checked.size).toBeGreaterThan(8);
});

/** Media packets as ffprobe finds them: kind and payload. */
function packetsIn(file: string): string[] {
  const shown = ["-show_data_hash", "md5", "-show_entries", "packet=codec_type,data_hash", "-of", "csv=p=0"];
  const { stdout } = spawnSync("ffprobe", ["-v", "error", "-show_packets", ...shown, file], {
    encoding: "utf8",
  });
  return stdout.trim().split("\n").sort();
}

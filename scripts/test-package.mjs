// What a user gets: packs the built package, installs it in an empty project and uses every door of it.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const MOST_PACKED_BYTES = 3_000_000;
const NEEDED = [
  "LICENSE",
  "README.md",
  "assets/demo.flv",
  "dist/cli/main.js",
  "dist/server/index.d.ts",
  "dist/web/index.html",
  "dist/web/sluice.js",
  "dist/web/sluice.swf",
  "dist/player/sluice.swf",
];
const UNWANTED = [/\.test\./, /\.tsbuildinfo$/, /^src\//, /^test\//, /\.tgz$/];

const USE = `
import { createServer } from "sluice";
import * as media from "sluice/media";
import { negotiate } from "sluice/abr";
import { probe } from "sluice/av";
import { fetch as edge } from "sluice/edge";
import * as player from "sluice/player";

for (const [name, value] of Object.entries({ createServer, negotiate, probe, edge, createPlayer: player.createPlayer })) {
  if (typeof value !== "function") throw new Error(name + " is not a function");
}
if (Object.keys(media).length === 0) throw new Error("sluice/media exports nothing");
const live = createServer({ rtmp: { port: 0 }, http: { port: 0 } });
await live.listen();
await live.close();
`;

/** Our declarations must stand on a user's machine: strict, and without what only we have installed. */
const NODE_TYPES = `
import { createServer } from "sluice";
import * as media from "sluice/media";
import { negotiate } from "sluice/abr";
import { type MediaInfo, probe } from "sluice/av";
export const info = (file: string): Promise<MediaInfo> => probe(file);
export const live = createServer();
export const { rendition } = negotiate(new Headers(), [{ name: "480p", bitrate: 1_200_000 }]);
export type Media = keyof typeof media;
`;
const BROWSER_TYPES = `
import { createPlayer } from "sluice/player";
import * as media from "sluice/media";
import { fetch as edge, type EdgeEnv } from "sluice/edge";
export const answer = (env: EdgeEnv): Promise<Response> => edge(new Request("https://a/live/b.flv"), env);
export const play = createPlayer;
export type Media = keyof typeof media;
`;

const root = process.cwd();
const project = mkdtempSync(path.join(tmpdir(), "sluice-package-"));
try {
  const [pack] = JSON.parse(
    run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", project], root),
  );
  checkContents(pack);

  writeFileSync(path.join(project, "package.json"), JSON.stringify({ private: true, type: "module" }));
  run("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", `./${pack.filename}`], project);
  writeFileSync(path.join(project, "use.js"), USE);
  run(process.execPath, ["use.js"], project);
  const help = run("npx", ["--no-install", "sluice", "--help"], project);
  if (!/\bserve\b/.test(help)) throw new Error(`sluice --help does not name its commands:\n${help}`);

  symlinkSync(path.join(root, "node_modules/@types"), path.join(project, "types"));
  checkTypes("node", NODE_TYPES, { lib: ["ES2023"], types: ["node"], typeRoots: ["./types"] });
  checkTypes("browser", BROWSER_TYPES, { lib: ["ES2023", "DOM"], types: [] });
  console.log(
    `${pack.filename}: ${pack.files.length} files, ${pack.size} bytes packed; installs, imports and runs`,
  );
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  rmSync(project, { recursive: true, force: true });
}

function checkContents({ files, size }) {
  const names = files.map((file) => file.path);
  const lacking = NEEDED.filter((name) => !names.includes(name));
  if (lacking.length > 0) throw new Error(`the package lacks ${lacking.join(", ")}`);
  const unwanted = names.filter((name) => UNWANTED.some((pattern) => pattern.test(name)));
  if (unwanted.length > 0) throw new Error(`the package holds ${unwanted.join(", ")}`);
  if (size > MOST_PACKED_BYTES)
    throw new Error(`the package is ${size} bytes, more than ${MOST_PACKED_BYTES}`);
}

function checkTypes(name, source, compilerOptions) {
  writeFileSync(path.join(project, `${name}.ts`), source);
  const config = {
    compilerOptions: {
      strict: true,
      noEmit: true,
      module: "NodeNext",
      target: "ES2023",
      skipLibCheck: false,
      ...compilerOptions,
    },
    files: [`${name}.ts`],
  };
  writeFileSync(path.join(project, `tsconfig.${name}.json`), JSON.stringify(config));
  run(
    process.execPath,
    [path.join(root, "node_modules/typescript/bin/tsc"), "-p", `tsconfig.${name}.json`],
    project,
  );
}

/** Runs a program to its end and returns its standard output; throws with all it said when it fails. */
function run(program, args, cwd) {
  const result = spawnSync(program, args, { cwd, encoding: "utf8", timeout: 120_000 });
  if (result.error !== undefined) throw result.error;
  if (result.status === 0) return result.stdout;
  throw new Error(
    `${program} ${args.join(" ")} ended with ${result.signal ?? result.status}\n${result.stdout}${result.stderr}`,
  );
}

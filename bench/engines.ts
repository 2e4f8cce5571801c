/**
 * engines.ts: media work by node-av beside FFmpeg's own programs.
 * `node scripts/run-ts.mjs bench/engines.ts`, after `npm run build`; it fetches node-av (170 MB) on first use.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import type { Engine, EngineIo } from "../src/av/engine.js";
import type { ConvertTask, FramesTask } from "../src/av/task.js";
import { installNodeAv, NODE_AV_FOLDER } from "../test/support/node-av.js";
import { run } from "../test/support/program.js";
import { markdownTable, median } from "./figures.js";
import { describeMachine } from "./machine.js";

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "5" }, minutes: { type: "string", default: "10" } },
});
const rounds = Number(values.rounds);
const GROUP_SECONDS = 20;

await installNodeAv();
const built = (file: string): Promise<unknown> => import(pathToFileURL(path.resolve("dist/av", file)).href);
const { chooseEngine } = (await built("index.js")) as typeof import("../src/av/index.js");
const { createNodeAvEngine } = (await built(
  "node-av/engine.js",
)) as typeof import("../src/av/node-av/engine.js");
const { findInstallation } = (await built(
  "node-av/install.js",
)) as typeof import("../src/av/node-av/install.js");
const { loadedVersion } = (await built("node-av/find.js")) as typeof import("../src/av/node-av/find.js");
const { launcher } = (await built(
  "node-av/job-process.js",
)) as typeof import("../src/av/node-av/job-process.js");

const folder = mkdtempSync(path.join(tmpdir(), "sluice-engines-"));
try {
  const clip = await makeFilm(Number(values.minutes));
  const installation = findInstallation([pathToFileURL(path.join(NODE_AV_FOLDER, "package.json")).href]);
  if (installation === undefined) throw new Error("node-av is not there");
  const start = launcher(installation);
  const version = (await loadedVersion(start)) ?? "";
  const engines: readonly Engine[] = [
    await chooseEngine({ engine: "ffmpeg" }),
    createNodeAvEngine({ launcher: start, version, delegate: undefined }),
  ];
  console.log(report(engines, await measure(engines, worksOn(clip))));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

type Work = (engine: Engine, io: EngineIo) => Promise<void>;

function worksOn(film: string): Readonly<Record<string, Work>> {
  const source = { kind: "file", path: film } as const;
  const frames = async (engine: Engine, io: EngineIo, task: Omit<FramesTask, "source">): Promise<void> => {
    for await (const _ of engine.frames({ source, ...task }, io));
  };
  const convert = (task: Omit<ConvertTask, "inputs" | "output">, toUs?: number): Work => {
    return async (engine, io) => {
      const output = { kind: "file", path: path.join(folder, "out.mp4"), container: "mp4" } as const;
      await engine.convert(
        { inputs: [{ source, ...(toUs === undefined ? {} : { toUs }) }], output, ...task },
        io,
      );
    };
  };
  const half = { kind: "scale", width: 960, height: undefined } as const;
  return {
    "probe, 1,500 packets": async (engine, io) => void (await engine.probe({ source, packets: 1_500 }, io)),
    "five pictures, RGBA": (engine, io) =>
      frames(engine, io, { select: { kind: "count", count: 5 }, size: undefined }),
    "five pictures, 320 wide": (engine, io) =>
      frames(engine, io, { select: { kind: "count", count: 5 }, size: { width: 320, height: undefined } }),
    "the first 250 pictures, RGBA": (engine, io) =>
      frames(engine, io, { select: { kind: "all", limit: 250 }, size: undefined }),
    "remux to MP4": convert({ video: "copy", audio: "copy" }),
    "10 s to half the size, x264": convert(
      {
        video: { codec: "h264", filters: [half], hardware: "none", preset: "veryfast" },
        audio: { codec: "aac" },
      },
      10_000_000,
    ),
  };
}

/** They take turns, so that a machine that has other things to do is unfair to all. */
async function measure(
  engines: readonly Engine[],
  works: Readonly<Record<string, Work>>,
): Promise<Record<string, number[][]>> {
  const times: Record<string, number[][]> = {};
  const limits = { timeoutMs: 0, stallTimeoutMs: 0, memoryBytes: 0 };
  for (const [name, work] of Object.entries(works)) {
    times[name] = engines.map(() => []);
    for (let round = 0; round <= rounds; round++) {
      for (const [index, engine] of engines.entries()) {
        const begun = performance.now();
        await work(engine, { signal: new AbortController().signal, limits });
        // The first round fills the system's caches.
        if (round > 0) times[name]?.[index]?.push(performance.now() - begun);
      }
    }
  }
  return times;
}

function report(engines: readonly Engine[], times: Readonly<Record<string, number[][]>>): string {
  const head = ["", ...engines.map(({ name, version }) => `${name} (FFmpeg ${version})`), "ratio"];
  const rows = Object.entries(times).map(([name, [ffmpeg = [], nodeAv = []]]) => [
    name,
    ...[ffmpeg, nodeAv].map((each) => `${Math.round(median(each))} ms`),
    (median(nodeAv) / median(ffmpeg)).toFixed(2),
  ]);
  const how = `${values.minutes} minutes of 1080p H.264 and AAC in MP4, medians of ${rounds}. ${describeMachine()}`;
  return `${markdownTable(head, rows)}\n\n${how}`;
}

/** A long film, made of one part again and again: encoding all of it would take longer than all measurements. */
async function makeFilm(minutes: number): Promise<string> {
  const [part, film] = [path.join(folder, "part.mp4"), path.join(folder, "film.mp4")];
  const picture = `testsrc2=size=1920x1080:rate=25:duration=${GROUP_SECONDS}`;
  const sound = `sine=frequency=440:sample_rate=48000:duration=${GROUP_SECONDS}`;
  const x264 = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-g", "50", "-bf", "2"];
  const lavfi = (graph: string): string[] => ["-f", "lavfi", "-i", graph];
  await run("ffmpeg", ["-v", "error", "-y", ...lavfi(picture), ...lavfi(sound), ...x264, "-c:a", "aac", part])
    .output;
  const loops = String(Math.round((minutes * 60) / GROUP_SECONDS) - 1);
  await run("ffmpeg", ["-v", "error", "-y", "-stream_loop", loops, "-i", part, "-c", "copy", film]).output;
  return film;
}

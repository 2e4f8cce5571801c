import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { DEFAULT_CLIP, readClip } from "./clip.js";
import { markdownTable, median, show } from "./figures.js";
import type { LoadResult } from "./load.js";
import { describeMachine } from "./machine.js";
import { canPin, LOAD_CORE, programFile, SERVER_CORE, startNode } from "./processes.js";
import { replaceSection } from "./section.js";
import { COMPETITORS, type PlayProtocol, type ServerOptions } from "./servers.js";

const USAGE = `npm run bench -- [options]

What a viewer costs, and how late the frames come: sluice (as built in dist/) beside node-media-server and beside a
floor that does nothing but write to sockets. They take turns; the table has the medians. See bench/README.md.

  --viewers N        200
  --seconds S        length of each measurement (15)
  --warmup S         between the last connect and the measurement (3)
  --rounds N         how often each is measured (3)
  --protocol P       flv (default), ws or rtmp; the floor speaks HTTP only
  --merge-ms MS      sluice's mergeMs, and the floor's batches; 0 (default) sends at once, the floor tag by tag
  --only LIST        of ${Object.keys(COMPETITORS).join(",")} (all but workers)
  --workers N        of the competitor \`workers\` (2)
  --clip FILE        H.264 and AAC in FLV (${DEFAULT_CLIP})
  --no-pin           leave the cores to the system
  --node-flags LIST  for Node (sluice and floor), such as --cpu-prof,--cpu-prof-dir=.cache/profiles
  --write LIST       puts the table between the bench markers of these documents too
  --json             all figures of all runs instead of the table
  --help`;

/** From the publisher's first frame to the first viewer: somewhere in the first group of pictures. */
const SETTLE_MS = 500;

const { values } = parseArgs({
  options: {
    viewers: { type: "string", default: "200" },
    seconds: { type: "string", default: "15" },
    warmup: { type: "string", default: "3" },
    rounds: { type: "string", default: "3" },
    protocol: { type: "string", default: "flv" },
    "merge-ms": { type: "string", default: "0" },
    only: { type: "string", default: "sluice,node-media-server,floor" },
    workers: { type: "string", default: "2" },
    clip: { type: "string", default: DEFAULT_CLIP },
    "no-pin": { type: "boolean", default: false },
    "node-flags": { type: "string", default: "" },
    write: { type: "string" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

if (values.help) {
  console.log(USAGE);
} else {
  const pinned = !values["no-pin"] && canPin();
  const options: ServerOptions = {
    clip: values.clip,
    mergeMs: number("merge-ms"),
    nodeFlags: values["node-flags"].split(",").filter((flag) => flag !== ""),
    core: pinned ? SERVER_CORE : undefined,
    workers: number("workers"),
  };
  for (const name of ["viewers", "seconds", "warmup", "rounds"] as const) number(name);
  const names = values.only.split(",");
  for (const name of names) if (COMPETITORS[name] === undefined) fail(`--only: there is no "${name}"`);
  if (!["flv", "ws", "rtmp"].includes(values.protocol)) fail("--protocol: must be flv, ws or rtmp");
  const documents = values.write?.split(",") ?? [];
  for (const file of documents) if (!existsSync(file)) fail(`--write: there is no file ${file}`);
  if (!existsSync(values.clip)) fail(`--clip: there is no file ${values.clip}`);

  const runs = new Map<string, LoadResult[]>(names.map((name) => [name, []]));
  for (let round = 1; round <= number("rounds"); round++) {
    for (const name of names) {
      const result = await runOnce(name, options, pinned ? LOAD_CORE : undefined);
      runs.get(name)?.push(result);
      console.error(`round ${round}, ${name}: ${show(result.cpuPerViewer)} µs per viewer and second`);
      for (const reason of result.reasons) console.error(`  ${reason}`);
    }
  }
  const table = report(runs, options, pinned);
  console.log(values.json ? JSON.stringify(Object.fromEntries(runs), null, 2) : table);
  for (const file of documents) writeFileSync(file, replaceSection(readFileSync(file, "utf8"), table));
  const faults = [...runs.values()].flat().reduce((sum, result) => sum + result.faults + result.gaps, 0);
  process.exitCode = faults === 0 ? 0 : 1;
}

/** One server from its start to its end. */
async function runOnce(
  name: string,
  options: ServerOptions,
  loadCore: number | undefined,
): Promise<LoadResult> {
  const server = await (COMPETITORS[name] as (typeof COMPETITORS)[string]).start(options);
  try {
    if (server.publishUrl === undefined)
      return await load(server.playUrl("flv"), server.program.pid, loadCore);
    const publisher = startNode([programFile("publish"), server.publishUrl, options.clip], loadCore);
    try {
      await publisher.line((line) => line === "publishing" || undefined);
      await sleep(SETTLE_MS);
      return await load(server.playUrl(values.protocol as PlayProtocol), server.program.pid, loadCore);
    } finally {
      await publisher.stop();
    }
  } finally {
    await server.program.stop();
  }
}

async function load(url: string, pid: number, core: number | undefined): Promise<LoadResult> {
  const { viewers, seconds, warmup, clip } = values;
  const flags = { url, pid, viewers, seconds, warmup, clip };
  const args = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
  const program = startNode([programFile("load"), ...args], core);
  const numbers = await program.line((line) => JSON.parse(line) as Record<string, unknown>);
  await program.stop();
  // JSON has no NaN.
  const known = Object.entries(numbers).map(([name, value]) => [name, value ?? Number.NaN]);
  return Object.fromEntries(known) as LoadResult;
}

function report(
  runs: ReadonlyMap<string, readonly LoadResult[]>,
  options: ServerOptions,
  pinned: boolean,
): string {
  const of = (name: string, field: keyof LoadResult): number[] =>
    (runs.get(name) ?? []).map((result) => result[field] as number);
  const floor = median(of("floor", "cpuPerViewer"));
  const rows = [...runs.keys()].map((name) => {
    const cost = of(name, "cpuPerViewer");
    return [
      COMPETITORS[name]?.title(options) ?? name,
      `${show(median(cost))} (${show(Math.min(...cost))}–${show(Math.max(...cost))})`,
      show(median(of(name, "userPerViewer"))),
      show(median(cost) / floor),
      show(median(of(name, "lagP50Ms"))),
      show(median(of(name, "lagP99Ms"))),
      show(median(of(name, "readsPerSecond"))),
      show(median(of(name, "serverMiB"))),
      show(median(of(name, "serverCpu"))),
      show(median(of(name, "loadCpu"))),
      String([...of(name, "faults"), ...of(name, "gaps")].reduce((sum, count) => sum + count, 0)),
    ];
  });
  const clip = readClip(options.clip);
  const mbits = (clip.bytes.length * 8) / clip.seconds / 1e6;
  const given = process.argv.slice(2).join(" ");
  return [
    markdownTable(
      [
        "server",
        "CPU µs per viewer·s",
        "of it user",
        "× floor",
        "lag p50 ms",
        "lag p99 ms",
        "reads per viewer·s",
        "RSS MiB",
        "server CPU %",
        "load CPU %",
        "faults",
      ],
      rows,
    ),
    "",
    `\`npm run bench${given === "" ? "" : ` -- ${given}`}\`: ${values.viewers} viewers over ${values.protocol}, ` +
      `${show(mbits)} Mbit/s each, medians of ${values.rounds} rounds of ${values.seconds} s, ` +
      `${pinned ? "server on one core, publisher and viewers on another" : "not pinned to cores"}.`,
    `${describeMachine()}.`,
  ].join("\n");
}

function number(name: "viewers" | "seconds" | "warmup" | "rounds" | "merge-ms" | "workers"): number {
  const value = Number(values[name]);
  if (!Number.isFinite(value) || value < 0) fail(`--${name}: must be a number, not ${values[name]}`);
  return value;
}

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}

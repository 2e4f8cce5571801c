/**
 * ingest.ts: what a publisher costs, beside reading the same media from plain sockets.
 * `npm run bench:ingest -- --help`
 */
import { parseArgs } from "node:util";
import { DEFAULT_CLIP, readClip } from "./clip.js";
import { markdownTable, median, show } from "./figures.js";
import type { IngestResult } from "./ingest-load.js";
import { describeMachine, sluiceVersion } from "./machine.js";
import { canPin, LOAD_CORE, type Program, programFile, SERVER_CORE, startNode } from "./processes.js";
import { COMPETITORS } from "./servers.js";

const USAGE = `npm run bench:ingest -- [options]

What a publisher with one viewer costs sluice (as built in dist/), beside a loop that reads the same media from plain
sockets and has no viewers. They take turns; the table has the medians.

  --publishers N   200
  --seconds S      length of each measurement (15)
  --warmup S       between the last publisher's start and the measurement (3)
  --rounds N       how often each is measured (3)
  --clip FILE      H.264 and AAC in FLV (${DEFAULT_CLIP})
  --no-pin         leave the cores to the system
  --json           all figures of all runs instead of the table`;

const { values } = parseArgs({
  options: {
    publishers: { type: "string", default: "200" },
    seconds: { type: "string", default: "15" },
    warmup: { type: "string", default: "3" },
    rounds: { type: "string", default: "3" },
    clip: { type: "string", default: DEFAULT_CLIP },
    "no-pin": { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

if (values.help) {
  console.log(USAGE);
} else {
  for (const name of ["publishers", "seconds", "warmup", "rounds"] as const) {
    if (!(Number(values[name]) >= 0)) throw new TypeError(`--${name}: must be a number, not ${values[name]}`);
  }
  const pinned = !values["no-pin"] && canPin();
  const core = pinned ? SERVER_CORE : undefined;
  const runs: Record<"sluice" | "floor", IngestResult[]> = { sluice: [], floor: [] };
  for (let round = 0; round < Number(values.rounds); round++) {
    runs.sluice.push(await runSluice(core, pinned));
    runs.floor.push(await runFloor(core, pinned));
  }
  console.log(values.json ? JSON.stringify(runs, null, 2) : report(runs, pinned));
  const faults = Object.values(runs)
    .flat()
    .reduce((sum, run) => sum + run.faults, 0);
  process.exitCode = faults === 0 ? 0 : 1;
}

async function runSluice(core: number | undefined, pinned: boolean): Promise<IngestResult> {
  const { program, publishUrl, playUrl } = await COMPETITORS.sluice!.start({
    clip: values.clip,
    mergeMs: 0,
    nodeFlags: [],
    core,
  });
  const http = playUrl("flv").replace(/\.flv$/, "");
  return load(program, [`--rtmp=${publishUrl}`, `--http=${http}`], pinned);
}

async function runFloor(core: number | undefined, pinned: boolean): Promise<IngestResult> {
  const program = startNode([programFile("ingest-floor")], core);
  const port = await program.line((line) => (JSON.parse(line) as { port: number }).port);
  return load(program, [`--port=${port}`], pinned);
}

async function load(server: Program, to: readonly string[], pinned: boolean): Promise<IngestResult> {
  try {
    const { publishers, seconds, warmup, clip } = values;
    const flags = Object.entries({ publishers, seconds, warmup, clip, pid: server.pid });
    const args = flags.map(([name, value]) => `--${name}=${value}`);
    const program = startNode([programFile("ingest-load"), ...args, ...to], pinned ? LOAD_CORE : undefined);
    const result = await program.line((line) => JSON.parse(line) as IngestResult);
    await program.stop();
    return result;
  } finally {
    await server.stop();
  }
}

function report(runs: Record<"sluice" | "floor", readonly IngestResult[]>, pinned: boolean): string {
  const of = (name: "sluice" | "floor", field: keyof IngestResult): number[] =>
    runs[name].map((run) => run[field]);
  const floor = median(of("floor", "cpuPerPublisher"));
  const rows = (["sluice", "floor"] as const).map((name) => {
    const cost = of(name, "cpuPerPublisher");
    return [
      name === "sluice" ? `sluice ${sluiceVersion()}, one viewer each` : "floor: a read loop, no viewers",
      `${show(median(cost))} (${show(Math.min(...cost))}–${show(Math.max(...cost))})`,
      show(median(cost) / floor),
      show(median(of(name, "serverMiB"))),
      show(median(of(name, "serverCpu"))),
      show(median(of(name, "loadCpu"))),
      String(of(name, "faults").reduce((sum, count) => sum + count, 0)),
    ];
  });
  const clip = readClip(values.clip);
  const given = process.argv.slice(2).join(" ");
  return [
    markdownTable(
      ["server", "CPU µs per publisher·s", "× floor", "RSS MiB", "server CPU %", "load CPU %", "faults"],
      rows,
    ),
    "",
    `\`npm run bench:ingest${given === "" ? "" : ` -- ${given}`}\`: ${values.publishers} publishers, ` +
      `${show(median(of("sluice", "kbits")))} kbit/s each (a clip of ${show(clip.seconds)} s), medians of ` +
      `${values.rounds} rounds of ${values.seconds} s, ${pinned ? "server on one core, load on another" : "not pinned to cores"}.`,
    `${describeMachine()}.`,
  ].join("\n");
}

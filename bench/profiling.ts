/**
 * profiling.ts: what a profiler that runs costs the server it looks at. One server, one publisher, the same viewers all
 * the time; turns with a profile and turns without alternate, and each is compared with its two neighbours.
 */
import { get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { DEFAULT_CLIP } from "./clip.js";
import { markdownTable, median, percentile, show } from "./figures.js";
import { cpuTime, describeMachine } from "./machine.js";
import { canPin, LOAD_CORE, programFile, SERVER_CORE, startNode } from "./processes.js";

const { values } = parseArgs({
  options: {
    viewers: { type: "string", default: "300" },
    /** Length of each turn, seconds. */
    seconds: { type: "string", default: "6" },
    rounds: { type: "string", default: "5" },
    clip: { type: "string", default: DEFAULT_CLIP },
  },
});

/** What is asked for during a turn. */
const MODES = [
  ["/profile, 10 ms", "/debug/pprof/profile?seconds=600"],
  ["/samples, 20 ms", "/debug/pprof/samples?period=20000"],
  ["/samples, 10 ms", "/debug/pprof/samples?period=10000"],
  ["/samples, 5 ms", "/debug/pprof/samples?period=5000"],
  ["/samples, 1 ms", "/debug/pprof/samples?period=1000"],
] as const;
/**
 * Starting and stopping the profiler is not what a turn is about: V8 tells it of every function there is, and compiles for
 * seconds what then runs for the first time.
 */
const SETTLE_MS = 4_000;

const seconds = Number(values.seconds);
const pinned = canPin();
const server = startNode(
  ["dist/cli/main.js", "serve", "--rtmp-port=0", "--http-port=0", "--ops-port=0", "--log-level=info"],
  pinned ? SERVER_CORE : undefined,
);
const ports = await server.line(
  (
    (found: Record<string, number>) =>
    (line: string): Record<string, number> | undefined => {
      const said = JSON.parse(line) as { msg?: string; protocol?: string; port?: number };
      if (said.msg === "listening") found[said.protocol ?? ""] = said.port ?? 0;
      return Object.keys(found).length === 3 ? found : undefined;
    }
  )({}),
);
const core = pinned ? LOAD_CORE : undefined;
const publisher = startNode(
  [programFile("publish"), `rtmp://127.0.0.1:${ports.rtmp}/live/bench`, values.clip],
  core,
);
await publisher.line((line) => line === "publishing" || undefined);
await sleep(1_000);
const flags = {
  url: `http://127.0.0.1:${ports.http}/live/bench.flv`,
  pid: server.pid,
  viewers: values.viewers,
  seconds: 100_000,
  clip: values.clip,
};
const load = startNode(
  [programFile("load"), ...Object.entries(flags).map(([name, value]) => `--${name}=${value}`)],
  core,
);
await sleep(8_000);

const ratios = new Map<string, number[]>(MODES.map(([name]) => [name, []]));
/** Percent of a core. */
const extras = new Map<string, number[]>(MODES.map(([name]) => [name, []]));
let before = await turn(undefined);
for (let round = 0; round < Number(values.rounds); round++) {
  for (const [name, path] of MODES) {
    const during = await turn(path);
    const after = await turn(undefined);
    ratios.get(name)?.push(during / ((before + after) / 2));
    extras.get(name)?.push(100 * (during - (before + after) / 2));
    before = after;
  }
  console.error(`round ${round + 1} of ${values.rounds}: ${show(before * 100)} % of a core without`);
}
await Promise.all([load.stop(), publisher.stop()]);
await server.stop();

const spread = (all: readonly number[], digits: number): string =>
  `${median(all).toFixed(digits)} (${percentile(all, 0.25).toFixed(digits)} to ${percentile(all, 0.75).toFixed(digits)})`;
const rows = MODES.map(([name]) => [
  name,
  spread(extras.get(name) ?? [], 1),
  spread(ratios.get(name) ?? [], 2),
]);
console.log(
  markdownTable(["asked for", "more CPU, % of a core: median (middle half)", "CPU with / without"], rows),
);
console.log(
  `\n${values.viewers} viewers, ${values.rounds} turns of ${seconds} s each, all threads of the server counted. ${describeMachine()}.`,
);

/** The share of a core that the server uses meanwhile. */
async function turn(path: string | undefined): Promise<number> {
  const request =
    path === undefined
      ? undefined
      : get({ host: "127.0.0.1", port: ports.ops, path, agent: false }, (response) => {
          response.on("error", () => {});
          response.resume();
        });
  request?.on("error", () => {});
  await sleep(SETTLE_MS);
  const began = performance.now();
  const from = cpuTime(server.pid);
  await sleep(seconds * 1000);
  const used = cpuTime(server.pid);
  const share = (used.total - from.total) / 1e6 / ((performance.now() - began) / 1000);
  request?.destroy();
  await sleep(300);
  return share;
}

/**
 * load.ts: many viewers of one stream, in a process of their own. Prints what they got as one line of JSON. All count
 * bytes; some are watched closely, frame by frame.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { DEFAULT_CLIP, readClip } from "./clip.js";
import { median, percentile } from "./figures.js";
import { indexFrames } from "./load/tag-check.js";
import { openViewer, type Viewer } from "./load/viewer.js";
import { cpuTime, residentMiB } from "./machine.js";
import { sharedMicros } from "./stamp.js";

/** What one run measured. NaN becomes `null` in JSON. */
export interface LoadResult {
  readonly viewers: number;
  /** Microseconds of the server's processor time to serve one viewer for one second. */
  readonly cpuPerViewer: number;
  /** Of that, outside the kernel. */
  readonly userPerViewer: number;
  /** Of one core, percent: the server's, and ours. Above 80 the figures are about something else. */
  readonly serverCpu: number;
  readonly loadCpu: number;
  readonly serverMiB: number;
  readonly lagP50Ms: number;
  readonly lagP99Ms: number;
  /** From the connect to the first key frame. */
  readonly joinP50Ms: number;
  /** Of one viewer, framing included. */
  readonly mbits: number;
  /** The worst viewer's bytes as a share of the median viewer's. */
  readonly leastBytes: number;
  /** Reads a second of one viewer: about the server's writes, as long as the load has time. */
  readonly readsPerSecond: number;
  /** Frames that the closely watched ones got in the window. */
  readonly videoFrames: number;
  readonly audioFrames: number;
  /** Holes in what they got. */
  readonly gaps: number;
  /** Viewers refused, cut off, damaged, or without a byte for two seconds; and why, each reason once. */
  readonly faults: number;
  readonly reasons: readonly string[];
}

const STALL_MICROS = 2_000_000;
const PATIENCE_MS = 15_000;

const { values } = parseArgs({
  options: {
    url: { type: "string", default: "http://127.0.0.1:8080/live/bench.flv" },
    clip: { type: "string", default: DEFAULT_CLIP },
    viewers: { type: "string", default: "200" },
    /** How many of them are watched closely. */
    sampled: { type: "string", default: "8" },
    seconds: { type: "string", default: "15" },
    warmup: { type: "string", default: "3" },
    /** Connections a second. */
    rate: { type: "string", default: "300" },
    /** The server's process. */
    pid: { type: "string", default: "0" },
  },
});
const pid = Number(values.pid);
const seconds = Number(values.seconds);

const viewers = await connectAll();
await sleep(Number(values.warmup) * 1000);
const result = await measure();
for (const viewer of viewers) viewer.close();
console.log(JSON.stringify(result));

async function connectAll(): Promise<readonly Viewer[]> {
  const count = Number(values.viewers);
  const every = Math.max(1, Math.floor(count / Number(values.sampled)));
  const index = indexFrames(readClip(values.clip));
  const opened: Viewer[] = [];
  const began = performance.now();
  while (opened.length < count) {
    const due = Math.min(count, 1 + ((performance.now() - began) / 1000) * Number(values.rate));
    while (opened.length < due) {
      opened.push(openViewer(new URL(values.url), opened.length % every === 0 ? index : undefined));
    }
    await sleep(5);
  }
  const settled = (viewer: Viewer): boolean => viewer.playing || viewer.problem !== undefined;
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end && !opened.every(settled); ) {
    await sleep(20);
  }
  return opened;
}

async function measure(): Promise<LoadResult> {
  const checks = viewers.flatMap(({ check }) => check ?? []);
  const frames = (kind: "video" | "audio"): number =>
    checks.reduce((sum, check) => sum + check.frames[kind], 0);
  const snapshot = () => ({
    at: sharedMicros(),
    server: cpuTime(pid),
    own: process.cpuUsage(),
    video: frames("video"),
    audio: frames("audio"),
    bytes: viewers.map(({ bytes }) => bytes),
    reads: viewers.map(({ reads }) => reads),
  });

  for (const check of checks) check.lags = [];
  const stalled = new Set<Viewer>();
  const before = snapshot();
  while (sharedMicros() - before.at < seconds * 1e6) {
    await sleep(Math.min(500, Math.max(1, seconds * 1000 - (sharedMicros() - before.at) / 1000)));
    const now = sharedMicros();
    for (const viewer of viewers) if (now - viewer.readAt > STALL_MICROS) stalled.add(viewer);
  }
  const after = snapshot();

  const micros = after.at - before.at;
  const playing = viewers.filter(({ problem, playing }) => playing && problem === undefined).length;
  const cpu = after.server.total - before.server.total;
  const own = after.own.user + after.own.system - before.own.user - before.own.system;
  const bytes = after.bytes.map((total, i) => total - (before.bytes[i] as number));
  const reads = after.reads.map((total, i) => total - (before.reads[i] as number));
  const lags = checks.flatMap((check) => check.lags);
  const faulty = viewers.filter(
    (viewer) => !viewer.playing || viewer.problem !== undefined || stalled.has(viewer),
  );
  return {
    viewers: viewers.length,
    cpuPerViewer: cpu / playing / (micros / 1e6),
    userPerViewer: (after.server.user - before.server.user) / playing / (micros / 1e6),
    serverCpu: (100 * cpu) / micros,
    loadCpu: (100 * own) / micros,
    serverMiB: residentMiB(pid),
    lagP50Ms: percentile(lags, 0.5) / 1000,
    lagP99Ms: percentile(lags, 0.99) / 1000,
    joinP50Ms: median(viewers.flatMap(({ firstKeyMicros }) => firstKeyMicros ?? [])) / 1000,
    mbits: (median(bytes) * 8) / micros,
    leastBytes: Math.min(...bytes) / median(bytes),
    readsPerSecond: median(reads) / (micros / 1e6),
    videoFrames: after.video - before.video,
    audioFrames: after.audio - before.audio,
    gaps: checks.reduce((sum, { frames }) => sum + frames.gaps, 0),
    faults: faulty.length,
    reasons: [
      ...new Set(faulty.map((viewer) => viewer.problem ?? (viewer.playing ? "stalled" : "no answer"))),
    ],
  };
}

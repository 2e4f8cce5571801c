import type { Frame, Labels, ProfileSum, ReadSample, ValueKind } from "./profile-sum.js";

/** What one process is asked to record of itself. */
export interface RecordingRequest {
  /** `profile` is processor time, `wall` the clock's, `heap` what was allocated meanwhile and is still there. */
  readonly what: RecordingKind;
  readonly seconds: number;
  /** Between two samples at most, microseconds; not for `heap`. */
  readonly periodMicros: number;
}

/** How its viewers fare: as JSON, at once. */
export interface QosRequest {
  readonly what: "qos";
  readonly seconds: 0;
}

export type RecordingKind = "profile" | "wall" | "heap";

/** Why there is no recording, in the words of HTTP. */
export interface RecordingProblem {
  readonly status: number;
  readonly reason: string;
}

const SAMPLES: ValueKind = ["samples", "count"];

/** What each kind of recording counts; the last is what tools show first. */
export const RECORDING_VALUES: Readonly<Record<RecordingKind, readonly ValueKind[]>> = {
  profile: [SAMPLES, ["cpu", "nanoseconds"]],
  wall: [SAMPLES, ["wall", "nanoseconds"]],
  heap: [
    ["inuse_objects", "count"],
    ["inuse_space", "bytes"],
  ],
};

/** Labels that differ from sample to sample: they are for who reads samples one by one. */
const TIMES = ["at", "dts", "pts"];

/**
 * Adds a slice of the sampler's to a recording.
 *
 * The profiler measures the processor time between two samples and gives it to the second. Where work comes in bursts
 * that are shorter than that, the end of each is given to waiting, and what comes last in them would seem to cost nothing.
 * So of a slice only the sum is taken, and shared out evenly among the samples that were not waiting.
 *
 * @param samples their values are `[count, wall, cpu]`, times in nanoseconds
 * @param periodNanos between two samples
 */
export function addTimeSamples(
  sum: ProfileSum,
  what: "profile" | "wall",
  samples: readonly ReadSample[],
  periodNanos: number,
): void {
  let cpuNanos = 0;
  let busy = 0;
  for (const { values, labels } of samples) {
    const [count = 0, , cpu = 0] = values;
    // What other threads did is told as a sum, without a sample of its own.
    if (count > 0) cpuNanos += cpu;
    if (labels.stage !== "idle") busy += count;
  }
  for (const { frames, values, labels } of samples) {
    const [count = 0, wall = 0, cpu = 0] = values;
    const idle = labels.stage === "idle";
    // On the clock waiting takes its time, which the profiler leaves out.
    const onClock = idle ? count * periodNanos : wall;
    const ofProcessor = count === 0 ? cpu : idle ? 0 : Math.round((cpuNanos * count) / busy);
    const spent = what === "wall" ? onClock : ofProcessor;
    if (spent <= 0) continue;
    const kept = Object.fromEntries(Object.entries(labels).filter(([name]) => !TIMES.includes(name)));
    sum.add(frames, [count, spent], kept);
  }
}

/** Adds a sample of the heap's. It has no labels: where it was allocated says at what stage, but not for which stream. */
export function addHeapSample(sum: ProfileSum, { frames, values }: ReadSample): void {
  sum.add(frames, values, stageOf(frames));
}

/** Which of our files stand for which step of a packet's way; the innermost frame decides. */
const PLACES: readonly (readonly [RegExp, Labels])[] = [
  [
    /\/server\/protocol\/rtmp\/(session|publish)\.|\/media\/wire\/rtmp\//,
    { stage: "ingest", protocol: "rtmp" },
  ],
  [/\/server\/protocol\/file\//, { stage: "ingest", protocol: "file" }],
  [/\/server\/cluster\/relay-client\./, { stage: "ingest", protocol: "relay" }],
  [/\/hub\/packager\.|\/muxer\./, { stage: "mux" }],
  [/\/hub\/(fan-out|subscriber|batch|batch-ring)\.|\/net\/(socket-writer|framing)\./, { stage: "fan-out" }],
  [/\/server\/(api|net|pages)/, { stage: "api" }],
  [/\/server\/(observe|qos)\//, { stage: "observe" }],
];

function stageOf(frames: readonly Frame[]): Labels {
  for (const { file } of frames) {
    const place = PLACES.find(([pattern]) => pattern.test(file));
    if (place !== undefined) return place[1];
  }
  return { stage: "other" };
}

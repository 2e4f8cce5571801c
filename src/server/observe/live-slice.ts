import { readSamples } from "./profile-sum.js";
import type { Slice } from "./sampler.js";

/** One sample. Times are microseconds. */
export interface LiveSample {
  /** On the process's monotonic clock. */
  readonly at: number;
  /** Index into the slice's `stacks`. */
  readonly stack: number;
  readonly stage: string;
  readonly stream?: string;
  readonly protocol?: string;
  /** Of the packet, or the first packet of the batch, that was in hand, on the stream's timeline. */
  readonly dts?: number;
  readonly pts?: number;
  /** Processor time since the sample before, nanoseconds. */
  readonly cpu: number;
}

/** One garbage collection, microseconds. */
export interface GcPause {
  readonly at: number;
  readonly duration: number;
  /** `minor`, `major`, `incremental` or `weakcb`. */
  readonly kind: string;
}

/** By how much the event loop was late, microseconds, beyond the resolution of what measures it. */
export interface LoopDelay {
  readonly min: number;
  readonly mean: number;
  readonly p99: number;
  readonly max: number;
}

/** How a publisher's clock runs beside ours. */
export interface ClockDrift {
  readonly stream: string;
  /** Parts per million by which it is slow (positive) or fast; undefined while too little is known. */
  readonly ppm: number | undefined;
  /** By how much it has fallen behind since it began, microseconds. */
  readonly offset: number;
  /** How long it has been watched, microseconds. */
  readonly span: number;
}

/** What happened in a fraction of a second, all on one monotonic clock. */
export interface LiveSlice {
  /** Microseconds on the process's monotonic clock. */
  readonly from: number;
  readonly to: number;
  /** What was asked for; samples are further apart. */
  readonly period: number;
  readonly samples: readonly LiveSample[];
  /** `function file:line`, the innermost first. */
  readonly stacks: readonly (readonly string[])[];
  readonly gc: readonly GcPause[];
  readonly loopDelay: LoopDelay;
  readonly drift: readonly ClockDrift[];
}

/** Takes a slice's samples one by one, in the order of time. */
export function liveSamples({ profile }: Slice): Pick<LiveSlice, "samples" | "stacks"> {
  const known = new Map<string, number>();
  const stacks: (readonly string[])[] = [];
  const samples: LiveSample[] = [];
  for (const { frames, values, labels } of readSamples(profile)) {
    // What has no time of its own stands for other threads.
    if (typeof labels.at !== "number" || labels.stage === "idle") continue;
    const lines = frames.map(({ name, file, line }) => `${name} ${file}:${line}`);
    const key = lines.join("\n");
    let stack = known.get(key);
    if (stack === undefined) {
      stack = stacks.push(lines) - 1;
      known.set(key, stack);
    }
    samples.push({ ...(labels as { at: number; stage: string }), stack, cpu: values[2] ?? 0 });
  }
  samples.sort((a, b) => a.at - b.at);
  return { samples, stacks };
}

import type { Cancel, Scheduler } from "../../hub/scheduler.js";
import type { WorkProbe } from "../../hub/work.js";
import type { PprofModule } from "./pprof-module.js";
import type { ReadableProfile } from "./profile-sum.js";
import { createWallOffset } from "./wall-offset.js";
import { createWorkLabels, type WorkLabels, work } from "./work-labels.js";

/** What the sampler saw in a span of time: each sample with its labels, `[count, wall, cpu]` as its values. */
export interface Slice {
  readonly profile: ReadableProfile;
  /** The scheduler's clock, microseconds. */
  readonly from: number;
  readonly to: number;
  /** What was asked for between two samples, microseconds; in fact they are further apart. */
  readonly periodMicros: number;
}

export interface SamplerReader {
  /** Between two samples, microseconds; it may get finer ones. */
  readonly periodMicros: number;
  /** Whether samples are to have labels for their own time and the media's: `at`, `dts`, `pts`. */
  readonly times: boolean;
  /** Called with all that was sampled from its beginning to its end, slice by slice. */
  onSlice(slice: Slice): void;
  /** The profiler failed, or the server stops: nothing follows. */
  onEnd(error?: unknown): void;
}

/** One profiler for all who read: it allows one at a time, so the finest period that anybody asked for is everybody's. */
export interface Sampler {
  /** @returns ends it, after a last slice @throws Unshareable */
  add(reader: SamplerReader): () => void;
  /** Ends all. Idempotent. */
  close(): void;
}

/** Somebody else has what there is one of, or as many are served as can be. */
export class Unshareable extends Error {}

type LabelSamples = NonNullable<Parameters<PprofModule["time"]["stop"]>[1]>;

export interface SamplerInit {
  readonly scheduler: Scheduler;
  readonly probe: WorkProbe;
  readonly time: PprofModule["time"];
  /** See createWallOffset. */
  readonly wallOffset?: () => number;
}

/** What lies in the profiler grows with its samples: it is emptied this often, and oftener for who wants to see it live. */
const SLICE_MS = 1_000;
const LIVE_SLICE_MS = 220;
/**
 * What it asks of the profiler in a slice, at the least. A slice with hardly a sample looks to it as if V8's sampling thread
 * were stuck, and it starts anew: that holds the event loop up for a tenth of a second, each time.
 */
const MIN_SAMPLES = 8;
/** The profiler keeps contexts for so much time at a stretch; a turn of the event loop can take longer than a slice. */
const CONTEXTS_MS = 10_000;
const MAX_READERS = 16;

const OBSERVING = work("observe", "profiler");

export function createSampler({
  scheduler,
  probe,
  time,
  wallOffset = createWallOffset(scheduler),
}: SamplerInit): Sampler {
  const readers = new Set<SamplerReader>();
  let running: { periodMicros: number; from: number } | undefined;
  let cancel: Cancel | undefined;
  let everyMs = 0;
  let wantTimes = false;

  const listener = createWorkLabels({
    set(labels) {
      if (running !== undefined) time.setContext(labels);
    },
    times: () => wantTimes,
  });

  function labelsOf(
    { node, context }: Parameters<LabelSamples>[0],
    offset: number,
  ): Record<string, string | number> {
    const labels = context?.context as WorkLabels | undefined;
    const all: Record<string, string | number> = {};
    if (labels?.stage === undefined) all.stage = unlabelledStage(node.name);
    else {
      all.stage = labels.stage;
      all.protocol = labels.protocol;
      if (labels.stream !== "") all.stream = labels.stream;
      if (labels.dts !== undefined) all.dts = labels.dts;
      if (labels.pts !== undefined) all.pts = labels.pts;
    }
    // What stands for other threads has no time of its own.
    if (wantTimes && context !== undefined && context.timestamp > 0n) {
      all.at = Math.round(Number(context.timestamp) - offset);
    }
    return all;
  }

  function begin(periodMicros: number): void {
    time.start({
      durationMillis: CONTEXTS_MS,
      intervalMicros: periodMicros,
      withContexts: true,
      collectCpuTime: true,
      // It would have every stop wait, with the event loop, for two periods: so that V8's sampling thread is not caught at a
      // moment from which it does not come back. That is noticed at the next stop, and mended by a new start.
      workaroundV8Bug: false,
    });
    running = { periodMicros, from: scheduler.now() };
    probe.listener = listener;
    // It begins with a context of its own, which would be a label of everything that nobody claims.
    time.setContext(undefined);
  }

  /** Hands what was sampled to all that read. @param next the period to go on with; undefined to stop */
  function collect(next: number | undefined): void {
    if (running === undefined) return;
    const { periodMicros, from } = running;
    const goesOn = next === periodMicros;
    const before = listener.enter(OBSERVING);
    try {
      const offset = wantTimes ? wallOffset() : 0;
      const profile = time.stop(goesOn, (sample) => labelsOf(sample, offset));
      const to = scheduler.now();
      running = goesOn ? { periodMicros, from: to } : undefined;
      for (const reader of [...readers]) reader.onSlice({ profile, from, to, periodMicros });
    } finally {
      listener.leave(before);
    }
  }

  /** Goes on with what those who read now want. */
  function adapt(): void {
    const period = periodFor(readers);
    wantTimes = [...readers].some(({ times }) => times);
    if (running === undefined && period !== undefined) begin(period);
    if (running === undefined) probe.listener = undefined;
    tick(running === undefined ? 0 : sliceMs(readers));
  }

  function tick(ms: number): void {
    if (ms === everyMs) return;
    cancel?.();
    everyMs = ms;
    cancel = ms === 0 ? undefined : scheduler.every(ms, () => attempt(() => collect(running?.periodMicros)));
  }

  /** Whatever fails in there ends everyone: nobody is left with half a profile that looks whole. */
  function attempt(task: () => void): void {
    try {
      task();
    } catch (error) {
      end(error);
    }
  }

  function end(error?: unknown): void {
    const all = [...readers];
    readers.clear();
    tick(0);
    probe.listener = undefined;
    try {
      if (running !== undefined && time.isStarted()) time.stop(false);
    } catch {
      // It is what broke, and has been told of.
    }
    running = undefined;
    for (const reader of all) reader.onEnd(error);
  }

  function remove(reader: SamplerReader): void {
    const others = [...readers].filter((each) => each !== reader);
    collect(periodFor(others));
    readers.delete(reader);
    adapt();
  }

  return {
    add(reader) {
      if (readers.size >= MAX_READERS) {
        throw new Unshareable(
          `${MAX_READERS} profiles are being taken already: that is as many as there can be.`,
        );
      }
      if (running === undefined && time.isStarted()) {
        throw new Unshareable(
          "Something else in this process is profiling, and there can be one profiler only.",
        );
      }
      attempt(() => {
        // What was sampled before it came is not for it.
        collect(periodFor([...readers, reader]));
        readers.add(reader);
        adapt();
      });
      return () => {
        if (readers.has(reader)) attempt(() => remove(reader));
      };
    },
    close: () => end(),
  };
}

function sliceMs(readers: Iterable<SamplerReader>): number {
  for (const { times } of readers) if (times) return LIVE_SLICE_MS;
  return SLICE_MS;
}

/** Between two samples, microseconds: the finest that anybody asked for, or finer; undefined where nobody reads. */
function periodFor(readers: Iterable<SamplerReader>): number | undefined {
  const all = [...readers].map(({ periodMicros }) => periodMicros);
  return all.length === 0 ? undefined : Math.min(...all, (sliceMs(readers) * 1_000) / MIN_SAMPLES);
}

/** What it was that nobody has claimed, by the names that the profiler gives to what is not JavaScript. */
function unlabelledStage(name: string | undefined): string {
  switch (name) {
    case "(idle)":
      return "idle";
    case "Garbage Collection":
      return "gc";
    case "Non JS threads activity":
      return "threads";
    default:
      return "other";
  }
}

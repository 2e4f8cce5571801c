import type { Cancel, Scheduler } from "../../hub/scheduler.js";
import type { WorkProbe } from "../../hub/work.js";
import { loadPprof, type PprofModule, ProfilerMissing } from "./pprof-module.js";
import { ProfileSum, type ReadableProfile, readSamples } from "./profile-sum.js";
import {
  addHeapSample,
  addTimeSamples,
  RECORDING_VALUES,
  type RecordingProblem,
  type RecordingRequest,
} from "./recording.js";
import { createSampler, type Sampler, type SamplerReader, Unshareable } from "./sampler.js";

/** Records what this process does, for any number who ask. */
export interface Recorder {
  /**
   * Settles after `seconds` with a profile as `go tool pprof` reads it; earlier, and without one, when the signal fires.
   *
   * @throws Unshareable, ProfilerMissing; Error when the profiler failed
   */
  record(request: RecordingRequest, signal: AbortSignal): Promise<Buffer | undefined>;
  /** Has a reader get all samples as they come. @returns ends it @throws Unshareable, ProfilerMissing */
  sample(reader: SamplerReader): Promise<() => void>;
  /** Ends all. Idempotent. */
  close(): void;
}

export interface RecorderInit {
  readonly scheduler: Scheduler;
  readonly probe: WorkProbe;
  readonly load?: () => Promise<PprofModule>;
}

/** V8 takes a sample of the heap once for so many bytes on average, with stacks of this depth. */
const HEAP_INTERVAL_BYTES = 512 * 1024;
const HEAP_STACK_DEPTH = 64;

export function createRecorder({ scheduler, probe, load = loadPprof }: RecorderInit): Recorder {
  const closing = new AbortController();
  let sampler: Sampler | undefined;
  let heapReaders = 0;

  async function sharedSampler(): Promise<Sampler> {
    const { time } = await load();
    sampler ??= createSampler({ scheduler, probe, time });
    if (closing.signal.aborted) throw new Unshareable("The server is stopping.");
    return sampler;
  }

  /** Settles after so long, or when a signal fires or all is closed. @returns whether it was the time */
  function pass(seconds: number, ...signals: readonly AbortSignal[]): Promise<boolean> {
    const all = [...signals, closing.signal];
    return new Promise((resolve) => {
      let cancel: Cancel = () => {};
      const settle = (inTime: boolean): void => {
        cancel();
        for (const each of all) each.removeEventListener("abort", stop);
        resolve(inTime);
      };
      const stop = (): void => settle(false);
      for (const each of all) each.addEventListener("abort", stop);
      cancel = scheduler.after(seconds * 1000, () => settle(true));
      if (all.some(({ aborted }) => aborted)) stop();
    });
  }

  async function recordTime(
    { what, seconds, periodMicros }: RecordingRequest & { readonly what: "profile" | "wall" },
    signal: AbortSignal,
  ): Promise<Buffer | undefined> {
    const sum = new ProfileSum(RECORDING_VALUES[what]);
    const wallMicros = scheduler.wall();
    const failed = new AbortController();
    let spanMicros = 0;
    const remove = (await sharedSampler()).add({
      periodMicros,
      times: false,
      onSlice({ profile, from, to }) {
        spanMicros += to - from;
        addTimeSamples(sum, what, [...readSamples(profile)], Number(profile.period));
      },
      onEnd: (error) => failed.abort(error),
    });
    const inTime = await pass(seconds, signal, failed.signal);
    remove();
    if (failed.signal.aborted) throw new Error("the profiler failed", { cause: failed.signal.reason });
    if (!inTime) return undefined;
    const period = periodMicros * 1000;
    const periodKind = RECORDING_VALUES[what][1] ?? ["wall", "nanoseconds"];
    return sum.encode({ wallMicros, durationMicros: spanMicros, period, periodKind });
  }

  async function recordHeap(seconds: number, signal: AbortSignal): Promise<Buffer | undefined> {
    const { heap } = await load();
    const wallMicros = scheduler.wall();
    if (heapReaders === 0) {
      try {
        heap.start(HEAP_INTERVAL_BYTES, HEAP_STACK_DEPTH);
      } catch (error) {
        throw new Unshareable(`Something else in this process samples the heap: ${String(error)}`);
      }
    }
    heapReaders += 1;
    try {
      if (!(await pass(seconds, signal))) return undefined;
      const sum = new ProfileSum(RECORDING_VALUES.heap);
      const profile: ReadableProfile = heap.profile();
      for (const sample of readSamples(profile)) addHeapSample(sum, sample);
      return await sum.encode({
        wallMicros,
        durationMicros: seconds * 1e6,
        period: HEAP_INTERVAL_BYTES,
        periodKind: ["space", "bytes"],
      });
    } finally {
      heapReaders -= 1;
      if (heapReaders === 0) heap.stop();
    }
  }

  return {
    record(request, signal) {
      const { what, seconds } = request;
      return what === "heap" ? recordHeap(seconds, signal) : recordTime({ ...request, what }, signal);
    },
    sample: async (reader) => (await sharedSampler()).add(reader),
    close() {
      closing.abort();
      sampler?.close();
    },
  };
}

/** What to answer somebody whose recording failed with this; undefined where it is our own fault. */
export function recordingProblem(error: unknown): RecordingProblem | undefined {
  if (error instanceof Unshareable) return { status: 409, reason: error.message };
  if (error instanceof ProfilerMissing) return { status: 501, reason: error.message };
  return undefined;
}

import {
  constants,
  type IntervalHistogram,
  monitorEventLoopDelay,
  type NodeGCPerformanceDetail,
  PerformanceObserver,
} from "node:perf_hooks";
import type { GcPause, LoopDelay } from "./live-slice.js";

const RESOLUTION_MS = 10;
/** Pauses that wait to be taken; older ones are forgotten. */
const MAX_PAUSES = 1_000;

const KINDS: Readonly<Record<number, string>> = {
  [constants.NODE_PERFORMANCE_GC_MINOR]: "minor",
  [constants.NODE_PERFORMANCE_GC_MAJOR]: "major",
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: "incremental",
  [constants.NODE_PERFORMANCE_GC_WEAKCB]: "weakcb",
};

/** What Node itself measures of the event loop, and of the pauses for collecting garbage. */
export interface LoopWatch {
  /** Since the last call. Pauses are told a turn after they happened: they may be in the next. */
  take(): { readonly gc: readonly GcPause[]; readonly loopDelay: LoopDelay };
  close(): void;
}

export function watchLoop(): LoopWatch {
  let pauses: GcPause[] = [];
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { startTime, duration } = entry;
      const { kind = 0 } = (entry as { readonly detail?: NodeGCPerformanceDetail }).detail ?? {};
      if (pauses.length >= MAX_PAUSES) pauses.shift();
      const at = Math.round(startTime * 1000);
      pauses.push({ at, duration: Math.round(duration * 1000), kind: KINDS[kind] ?? "other" });
    }
  });
  observer.observe({ entryTypes: ["gc"] });
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  return {
    take() {
      const gc = pauses;
      pauses = [];
      const loopDelay = readDelay(delay);
      delay.reset();
      return { gc, loopDelay };
    },
    close() {
      observer.disconnect();
      delay.disable();
    },
  };
}

/** It counts the time between two ticks of a timer, nanoseconds, its own interval included. */
function readDelay(histogram: IntervalHistogram): LoopDelay {
  if (histogram.count === 0) return { min: 0, mean: 0, p99: 0, max: 0 };
  const beyond = (nanos: number): number => Math.max(0, Math.round(nanos / 1000 - RESOLUTION_MS * 1000));
  return {
    min: beyond(histogram.min),
    mean: beyond(histogram.mean),
    p99: beyond(histogram.percentile(99)),
    max: beyond(histogram.max),
  };
}

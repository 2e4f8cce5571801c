import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks";
import type { Family, Sample } from "./family.js";
import { histogramFamily } from "./histogram.js";

/**
 * How often Node looks, milliseconds. What it records is the time between two looks, this one included. Each wakes the
 * process: with 10 ms, one that had nothing else to do took 0.9 % of a core, with 50 ms 0.3 %.
 */
const RESOLUTION_MS = 50;
const NANOS = 1_000_000_000;
const BOUNDS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
const NAME = "sluice_event_loop_delay_seconds";

/** How late the event loop comes to what is due. Node measures it outside of JavaScript. */
export interface EventLoopDelay {
  family(labels: Sample["labels"]): Family;
  close(): void;
}

export function watchEventLoopDelay(): EventLoopDelay {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  return {
    family(labels) {
      const { count } = histogram;
      const samples: Sample[] = BOUNDS_SECONDS.map((le) => ({
        labels: { ...labels, le },
        value: countUpTo(histogram, count, le * NANOS + RESOLUTION_MS * 1e6),
        metricName: `${NAME}_bucket`,
      }));
      samples.push({ labels: { ...labels, le: "+Inf" }, value: count, metricName: `${NAME}_bucket` });
      const seconds = count === 0 ? 0 : Math.max(0, (histogram.mean / NANOS - RESOLUTION_MS / 1000) * count);
      samples.push({ labels, value: seconds, metricName: `${NAME}_sum` });
      samples.push({ labels, value: count, metricName: `${NAME}_count` });
      return histogramFamily(NAME, "How late the event loop came to what was due.", samples);
    },
    close: () => histogram.disable(),
  };
}

/** How many of the recorded values are at most `nanos`. Node tells only which value has how many below it. */
function countUpTo(histogram: IntervalHistogram, count: number, nanos: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (histogram.percentile((100 * middle) / count) <= nanos) low = middle;
    else high = middle - 1;
  }
  return low;
}

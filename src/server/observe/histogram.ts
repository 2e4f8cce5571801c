import type { Family, Sample } from "./family.js";

/** Upper bounds of a histogram's buckets, microseconds, ascending. */
export type Bounds = readonly number[];

const MICROS = 1_000_000;

/** Numbers that a histogram takes: one for each bucket, one for what is beyond the last, and the sum of all. */
export function histogramLength(bounds: Bounds): number {
  return bounds.length + 2;
}

/** Counts one duration. @param at where the histogram begins in `numbers` */
export function observe(numbers: Float64Array, at: number, bounds: Bounds, micros: number): void {
  let bucket = 0;
  // Short and mostly over at once: what is measured is mostly small.
  while (bucket < bounds.length && micros > (bounds[bucket] as number)) bucket += 1;
  numbers[at + bucket] = (numbers[at + bucket] as number) + 1;
  const sum = at + bounds.length + 1;
  numbers[sum] = (numbers[sum] as number) + micros;
}

/** As Prometheus has it: seconds, and each bucket with all that are below it. */
export function histogramSamples(
  name: string,
  bounds: Bounds,
  labels: Sample["labels"],
  numbers: Float64Array,
  at: number,
): readonly Sample[] {
  const samples: Sample[] = [];
  let count = 0;
  for (const [i, bound] of [...bounds, Number.POSITIVE_INFINITY].entries()) {
    count += numbers[at + i] as number;
    const le = bound === Number.POSITIVE_INFINITY ? "+Inf" : bound / MICROS;
    samples.push({ labels: { ...labels, le }, value: count, metricName: `${name}_bucket` });
  }
  const sum = (numbers[at + bounds.length + 1] as number) / MICROS;
  samples.push({ labels, value: sum, metricName: `${name}_sum` });
  samples.push({ labels, value: count, metricName: `${name}_count` });
  return samples;
}

export function histogramFamily(name: string, help: string, values: readonly Sample[]): Family {
  return { name, help, type: "histogram", aggregator: "sum", values };
}

import type { StreamDrift } from "../qos/drift-watch.js";
import { type Family, family } from "./family.js";

/** @param shown the streams that have lines of their own: drifts of others do not add up to anything */
export function driftFamilies(drifts: readonly StreamDrift[], shown: readonly string[]): readonly Family[] {
  const known = drifts.filter(({ stream }) => shown.includes(stream));
  return [
    family(
      "sluice_publisher_clock_drift_ppm",
      "gauge",
      "By how much a publisher's clock is slower than ours (negative: faster), parts per million.",
      known.flatMap(({ stream, ppm }) => (ppm === undefined ? [] : [{ labels: { stream }, value: ppm }])),
    ),
    family(
      "sluice_publisher_clock_offset_seconds",
      "gauge",
      "How far a publisher's clock has fallen behind ours since it began.",
      known.map(({ stream, offset }) => ({ labels: { stream }, value: offset / 1e6 })),
    ),
  ];
}

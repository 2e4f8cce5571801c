import type { ViewerRow } from "../qos/snapshot.js";
import { type Sourced, WINDOW_MS } from "../qos/viewer-quality.js";
import { ProfileSum, type ValueKind } from "./profile-sum.js";

const KINDS: readonly ValueKind[] = [
  ["viewers", "count"],
  ["rtt", "microseconds"],
  ["buffer", "milliseconds"],
  ["dropped", "frames"],
  ["stalled", "milliseconds"],
  ["lag", "microseconds"],
];
const VIEWERS = 0;
const RTT = 1;
const BUFFER = 2;
const DROPPED = 3;
const STALLED = 4;
const LAG = 5;

/**
 * How viewers fare, as a profile: the stack is protocol > app > stream > cause, and values are sums over viewers. A sample
 * has one label for where it comes from, so what is known of a viewer from different sides is in a sample for each.
 *
 * @param wallMicros since the Unix epoch
 */
export function encodeQos(rows: readonly ViewerRow[], wallMicros: number): Promise<Buffer> {
  const sum = new ProfileSum(KINDS);
  for (const { protocol, app, stream, quality, worker } of rows) {
    const frames = [
      { name: quality.cause, file: "cause", line: 0 },
      { name: stream, file: "stream", line: 0 },
      { name: app, file: "app", line: 0 },
      { name: protocol, file: "protocol", line: 0 },
    ];
    const labels = {
      protocol,
      app,
      stream,
      cause: quality.cause,
      ...(worker === undefined ? {} : { worker }),
    };
    const bySource = new Map<string, number[]>([["server", [1, 0, 0, 0, 0, 0]]]);
    const add = (figure: Sourced | undefined, kind: number, factor = 1): void => {
      if (figure === undefined) return;
      const values = bySource.get(figure.source) ?? KINDS.map(() => 0);
      values[kind] = Math.round((values[kind] ?? 0) + figure.value * factor);
      bySource.set(figure.source, values);
    };
    add(quality.rttMs, RTT, 1000);
    add(quality.bufferMs, BUFFER);
    for (const dropped of quality.dropped) add(dropped, DROPPED);
    add(quality.stalledMs, STALLED);
    add(quality.lagMs, LAG, 1000);
    for (const [source, values] of bySource) {
      if (values.some((value) => value !== 0)) sum.add(frames, values, { ...labels, source });
    }
  }
  const first = KINDS[VIEWERS];
  return sum.encode({
    wallMicros,
    durationMicros: WINDOW_MS * 1000,
    period: 1,
    periodKind: first ?? ["viewers", "count"],
    shown: "viewers",
  });
}

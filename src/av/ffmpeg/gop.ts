import type { GopInfo } from "../media-info.js";
import type { ProbedPacket } from "./probed.js";
import { micros } from "./values.js";

/** @param packets of one video track, in the file's order */
export function measureGop(packets: readonly ProbedPacket[]): GopInfo {
  const keys = packets.flatMap(({ flags }, i) => (flags?.startsWith("K") ? [i] : []));
  const times = packets.map(({ pts_time, dts_time }) => micros(pts_time ?? dts_time));
  const intervals: number[] = [];
  for (let i = 1; i < keys.length; i++) {
    const from = times[keys[i - 1] ?? 0];
    const to = times[keys[i] ?? 0];
    // A jump backwards is a splice, not a group.
    if (from !== undefined && to !== undefined && to > from) intervals.push(to - from);
  }
  const [firstKey = 0] = keys;
  const lastKey = keys.at(-1) ?? 0;
  const total = intervals.reduce((sum, interval) => sum + interval, 0);
  return {
    keyFrames: keys.length,
    frames: packets.length,
    ...(intervals.length === 0
      ? {}
      : {
          averageUs: Math.round(total / intervals.length),
          longestUs: Math.max(...intervals),
          averageFrames: Math.round(((lastKey - firstKey) / (keys.length - 1)) * 10) / 10,
        }),
    bFrames: reordered(times),
  };
}

/** A single step back may be a splice; pictures that are out of order come again and again. */
function reordered(times: readonly (number | undefined)[]): boolean {
  let steps = 0;
  for (let i = 1; i < times.length; i++) if ((times[i] ?? 0) < (times[i - 1] ?? 0)) steps++;
  return steps > 1 || (steps === 1 && times.length < 8);
}

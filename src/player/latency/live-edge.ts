/** A stretch of media without a gap, in seconds on the media element's clock. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** Where playback is, in seconds on the media element's clock. */
export interface Playhead {
  readonly currentTime: number;
  /** The element's buffered ranges in order. */
  readonly ranges: readonly Range[];
  readonly rate: number;
}

export interface LatencyTarget {
  readonly targetLatencyMs: number;
  readonly maxLatencyMs: number;
}

/** What to do about it. */
export interface Correction {
  /** Where to jump, seconds; undefined to stay. */
  readonly seekTo: number | undefined;
  readonly rate: number;
}

/** Faster than real time by no more than this: the pitch is kept and hardly anyone notices. */
const CATCH_UP_RATE = 1.1;
/** It hurries from this far over the target until it is back at it, so that it does not switch to and fro. */
const HYSTERESIS = 0.4;
/** Ranges closer than this are one: frame times are rounded. */
const SEAM = 0.02;
/** With less than this ahead in its range, the playhead is about to stand still there. */
const NEARLY_OUT = 0.1;
/** When it runs out of media, Chromium's clock goes on for a moment: only further than this it is somewhere else. */
const OVERRUN = 1;

/** What an element or a SourceBuffer has buffered. */
export function rangesOf(buffered: TimeRanges): Range[] {
  return Array.from({ length: buffered.length }, (_, i) => ({
    start: buffered.start(i),
    end: buffered.end(i),
  }));
}

/** The buffered range that holds a time, or undefined. */
export function rangeAt(ranges: readonly Range[], time: number): Range | undefined {
  return ranges.find(({ start, end }) => time >= start - SEAM && time <= end + SEAM);
}

/**
 * Keeps playback near the live edge: over gaps and over long delays it jumps, over short ones it hurries. Decided from
 * the position alone, so that the same position always gives the same answer.
 */
export function correctPlayhead(
  head: Playhead,
  { targetLatencyMs, maxLatencyMs }: LatencyTarget,
): Correction {
  const newest = head.ranges[head.ranges.length - 1];
  if (newest === undefined) return { seekTo: undefined, rate: 1 };
  const target = targetLatencyMs / 1000;
  const latency = newest.end - head.currentTime;
  if (latency * 1000 > maxLatencyMs) {
    return { seekTo: Math.max(newest.start, newest.end - target), rate: 1 };
  }
  const range = rangeAt(head.ranges, head.currentTime);
  const next = head.ranges.find(({ start }) => start > head.currentTime);
  if (next !== undefined && (range === undefined || range.end - head.currentTime < NEARLY_OUT)) {
    return { seekTo: next.start, rate: 1 };
  }
  // Ahead of everything: the stream began anew, earlier on this clock.
  if (head.currentTime > newest.end + OVERRUN) {
    return { seekTo: Math.max(newest.start, newest.end - target), rate: 1 };
  }
  const hurry = latency > target + HYSTERESIS || (head.rate > 1 && latency > target);
  return { seekTo: undefined, rate: hurry ? CATCH_UP_RATE : 1 };
}

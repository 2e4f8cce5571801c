import { median, percentile } from "../../../bench/figures.js";
import { syncOffsets } from "./sync.js";
import type { Watched } from "./watch.js";

/** A picture that stands longer than this is a freeze, milliseconds. */
const FREEZE_MS = 200;
/** Close enough to the steady delay to have reached it, milliseconds. */
const NEAR_MS = 60;

/** How one viewing went; milliseconds. */
export interface DelayFigures {
  /** From load() to the first picture. */
  readonly first: number;
  /** From load() until the delay stays near the steady one. */
  readonly settled: number;
  /** Of the steady part. */
  readonly p50: number;
  readonly p95: number;
  readonly freezes: number;
  /** The longest time a picture stood. */
  readonly longest: number;
  /** Pictures of the steady part a second. */
  readonly rate: number;
  /** How much later than the picture the sound is, in the middle; NaN where it was not listened. */
  readonly sync: number;
  /** How far apart they are, whichever is late. */
  readonly syncP95: number;
}

/**
 * @param watched in the order it came to the screen
 * @param settleMs how much of the beginning is left out of the steady part
 */
export function delayFigures(
  { shown, heard }: Pick<Watched, "shown" | "heard">,
  settleMs: number,
): DelayFigures {
  const steady = shown.filter(({ at }) => at >= settleMs);
  const offsets = syncOffsets(
    steady,
    heard.filter(({ at }) => at >= settleMs),
  );
  const ages = steady.map(({ age }) => age);
  const p50 = percentile(ages, 0.5);
  const gaps = steady.slice(1).map(({ at }, i) => at - (steady[i]?.at ?? at));
  const late = shown.findLastIndex(({ at, age }) => at < settleMs && age > p50 + NEAR_MS);
  const span = ((steady.at(-1)?.at ?? 0) - (steady[0]?.at ?? 0)) / 1000;
  return {
    first: shown[0]?.at ?? Number.NaN,
    settled: shown[late + 1]?.at ?? Number.NaN,
    p50,
    p95: percentile(ages, 0.95),
    freezes: gaps.filter((gap) => gap > FREEZE_MS).length,
    longest: Math.max(0, ...gaps),
    rate: gaps.length / span,
    sync: percentile(offsets, 0.5),
    syncP95: percentile(offsets.map(Math.abs), 0.95),
  };
}

/** Of several viewings: the median of each figure, but the worst of what must not happen. */
export function together(viewings: readonly DelayFigures[]): DelayFigures {
  const of = (name: keyof DelayFigures): number[] => viewings.map((viewing) => viewing[name]);
  return {
    first: median(of("first")),
    settled: median(of("settled")),
    p50: median(of("p50")),
    p95: median(of("p95")),
    freezes: of("freezes").reduce((sum, count) => sum + count, 0),
    longest: Math.max(...of("longest")),
    rate: median(of("rate")),
    sync: median(of("sync")),
    syncP95: Math.max(...of("syncP95")),
  };
}

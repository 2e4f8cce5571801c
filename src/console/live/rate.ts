/** Polls come unevenly, and with several processes the server adds up once a second: a rate looks this far back. */
const WINDOW_SECONDS = 4;

/** What a counter has said lately. */
export interface Counted {
  /** Seconds, and what it said then; the newest last. */
  readonly points: readonly (readonly [time: number, total: number])[];
  /** Undefined until it has been read twice. */
  readonly perSecond: number | undefined;
}

/** Reads a counter once more. One that has gone backwards has begun anew. @param time seconds */
export function counted(before: Counted | undefined, time: number, total: number): Counted {
  const points = before?.points ?? [];
  const [lastTime, lastTotal] = points[points.length - 1] ?? [Number.NEGATIVE_INFINITY, 0];
  if (before !== undefined && time <= lastTime) return before;
  if (total < lastTotal) return { points: [[time, total]], perSecond: undefined };
  // One from before the window stays, so that the window is full.
  const inside = points.findIndex(([at]) => at > time - WINDOW_SECONDS);
  const kept = inside < 0 ? points.slice(-1) : points.slice(Math.max(0, inside - 1));
  const [first] = kept;
  return {
    points: [...kept, [time, total]],
    perSecond: first === undefined ? undefined : (total - first[1]) / (time - first[0]),
  };
}

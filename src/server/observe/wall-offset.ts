/** How far the system's clock may move before it is measured anew, microseconds: it is read in whole milliseconds. */
const SLACK_MICROS = 1_050;

export interface Clocks {
  /** A clock that never steps back, microseconds. */
  now(): number;
  /** Microseconds since the Unix epoch, in whole milliseconds. */
  wall(): number;
}

/**
 * What to take from a time since the epoch, in microseconds, to have it on the clock that never steps back.
 *
 * The profiler tells times of day to the microsecond; JavaScript can read that clock in milliseconds only. So this looks
 * for the moment at which a millisecond begins, which takes one at most, and again only after the system's clock was set.
 */
export function createWallOffset(clocks: Clocks): () => number {
  let known: number | undefined;
  const measure = (): number => {
    const before = clocks.wall();
    for (;;) {
      const wall = clocks.wall();
      if (wall !== before) return wall - clocks.now();
    }
  };
  return () => {
    // By how much the wall's clock is behind its own millisecond is not known: between nothing and one.
    const about = clocks.wall() - clocks.now();
    if (known === undefined || about > known + SLACK_MICROS - 1_000 || about < known - SLACK_MICROS) {
      known = measure();
    }
    return known;
  };
}

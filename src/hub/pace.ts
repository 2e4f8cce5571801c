/**
 * How much of the time the hub may spend on handing out: after rounds that take t it rests for REST × t. At most a third
 * of a core, so that publishers are read and viewers let in between the rounds.
 */
const REST = 2;
/** No rest is longer, whatever a round has cost: microseconds. */
const MAX_REST_MICROS = 40_000;
/** What one round counts in the average: one that was held up, by a collection of garbage or a crowd, says little. */
const WEIGHT = 1 / 8;

/**
 * When the next round of handing out may begin, so that batches grow by themselves before a core is saturated.
 *
 * Measured is how long a round takes: the writes of all that is due to all who are ready. What is changed is the rest
 * after it. With few viewers a round takes less than a timer can count, and every turn's packets go out at its end;
 * with thousands it takes tens of milliseconds, packets that come in the meantime share one write per viewer, and as a
 * write costs about the same whatever it carries, so much work is saved.
 *
 * It settles rather than swings: what a round costs is a part per viewer, a, and a part b for each microsecond of media
 * that it carries, so the next one takes t' = a + b(1 + REST)t. That closes in on a / (1 - b(1 + REST)) from either side
 * as long as b(1 + REST) < 1, that is while copying the bytes alone would take less than a third of the core; beyond
 * that the longest rest holds, which is a bound on the delay too. When the load is gone, so are the rests, within the
 * few rounds that the average reaches back.
 */
export class Pace {
  #average = 0;
  #endedAt = Number.NEGATIVE_INFINITY;

  /**
   * Takes note of a round of handing out.
   *
   * @param took what it has taken, without what was done between its slices, microseconds
   * @param endedAt on the scheduler's clock, microseconds
   */
  round(took: number, endedAt: number): void {
    this.#average += WEIGHT * (took - this.#average);
    this.#endedAt = endedAt;
  }

  /** Microseconds from now until the next round may begin; 0 where it may at once. */
  wait(now: number): number {
    const rest = Math.min(REST * this.#average, MAX_REST_MICROS);
    return Math.max(0, this.#endedAt + rest - now);
  }
}

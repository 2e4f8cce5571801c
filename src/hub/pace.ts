/** After rounds that take t the hub rests for REST × t: handing out takes at most three quarters of a core. */
const REST = 1 / 3;
/** What nobody waits for yet waits for company, for up to PATIENCE × t. */
const PATIENCE = 16;
/** Neither is longer, whatever a round has cost: microseconds. */
const MAX_WAIT_MICROS = 40_000;
/** What one round counts in the average: one that was held up, by a collection of garbage or a crowd, says little. */
const WEIGHT = 1 / 8;

/**
 * When the next round of handing out may begin, so that batches grow by themselves before a core is saturated.
 *
 * Measured is how long a round takes: the writes of all that is due to all who are ready. A write costs about the same
 * whatever it carries, so the fewer there are for the same media, the less work. Two things are changed. Packets that
 * nobody waits for, the sound of what has a picture, wait for the next picture; and after each round there is a rest, in
 * which whatever comes gathers. With few viewers a round takes less than a timer can count, and every turn's packets go
 * out at its end. With hundreds, sound goes with the pictures, which are not held up: that alone halves the writes. With
 * thousands several pictures share a write.
 *
 * It settles rather than swings. A round costs a part per viewer, a, and a part b for each microsecond of media that it
 * carries, so after a rest the next one takes t' = a + b(1 + REST)t. That closes in on a / (1 - b(1 + REST)) from either
 * side as long as b(1 + REST) < 1, that is while copying the bytes alone would take less than three quarters of the core; beyond
 * that the longest rest holds, which is a bound on the delay too. Waiting for company is bounded by the time between two
 * pictures: what it adds to a round is one frame's sound. When the load is gone, so are rests and patience, within the
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
    const rest = Math.min(REST * this.#average, MAX_WAIT_MICROS);
    return Math.max(0, this.#endedAt + rest - now);
  }

  /** How long what nobody waits for may wait for company, microseconds. */
  get patience(): number {
    return Math.min(PATIENCE * this.#average, MAX_WAIT_MICROS);
  }
}

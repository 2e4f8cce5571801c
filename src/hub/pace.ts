/**
 * How much of the time the hub may spend on handing out: after a round that took t it rests for REST × t. At most half
 * of a core, so that publishers are read and viewers let in between the rounds.
 */
const REST = 1;
/** No rest is longer, whatever a round has cost: microseconds. */
const MAX_REST_MICROS = 100_000;

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
 * as long as b(1 + REST) < 1, that is while copying the bytes alone would take less than half of the core; beyond that
 * the longest rest holds. Nothing is remembered but the last two rounds, so with the load the rests are gone at once.
 */
export class Pace {
  #last = 0;
  #before = 0;
  #endedAt = Number.NEGATIVE_INFINITY;

  /** Takes note of a round of handing out; times on the scheduler's clock, microseconds. */
  round(beganAt: number, endedAt: number): void {
    this.#before = this.#last;
    this.#last = endedAt - beganAt;
    this.#endedAt = endedAt;
  }

  /** Microseconds from now until the next round may begin; 0 where it may at once. */
  wait(now: number): number {
    // The shorter of the two: one that was held up, by a collection of garbage or a crowd that joined, says nothing yet.
    const rest = Math.min(REST * Math.min(this.#last, this.#before), MAX_REST_MICROS);
    return Math.max(0, this.#endedAt + rest - now);
  }
}

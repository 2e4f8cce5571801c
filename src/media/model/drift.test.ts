import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ClockDriftEstimator, lowerEdge } from "./drift.js";

const SECOND = 1_000_000;

/** A pseudo-random number from 0 to 1, the same in every run. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Packets of 25 frames a second with exponential jitter; their clock is `ppm` slow, and tells whole milliseconds. */
function watch(
  estimator: ClockDriftEstimator,
  ppm: number,
  seconds: number,
  jitterMs: number,
  seed = 1,
): void {
  const random = dice(seed);
  for (let second = 0; second < seconds; second++) {
    let least = { at: 0, delay: Number.POSITIVE_INFINITY };
    for (let frame = 0; frame < 25; frame++) {
      const sent = second * SECOND + frame * 40_000;
      const dts = Math.floor((sent * (1 - ppm / 1e6)) / 1000) * 1000;
      const at = Math.round(sent + 30_000 - jitterMs * 1000 * Math.log(1 - random()));
      if (at - dts < least.delay) least = { at, delay: at - dts };
    }
    estimator.add(least.at, least.delay);
  }
}

describe("ClockDriftEstimator", () => {
  it.each([0, 50, -50, 400])("finds %i ppm through 20 ms of jitter", (ppm) => {
    const estimator = new ClockDriftEstimator();
    watch(estimator, ppm, 300, 20);
    const { ppm: found, offset, span } = estimator.drift;
    expect(Math.abs((found ?? Number.NaN) - ppm)).toBeLessThan(5);
    expect(Math.abs(offset - (ppm * span) / 1e6)).toBeLessThan(1_500);
  });

  it("goes on counting the offset when the beginning is out of sight", () => {
    const estimator = new ClockDriftEstimator();
    watch(estimator, 100, 1_200, 5);
    expect(Math.abs(estimator.drift.offset - 120_000)).toBeLessThan(3_000);
  });

  it("says nothing of the rate before ten seconds, and nothing at all before the first point", () => {
    const estimator = new ClockDriftEstimator();
    expect(estimator.drift).toEqual({ ppm: undefined, offset: 0, span: 0, reach: 0 });
    watch(estimator, 100, 9, 1);
    expect(estimator.drift.ppm).toBeUndefined();
  });

  it("begins anew after a jump", () => {
    const estimator = new ClockDriftEstimator();
    watch(estimator, 0, 60, 1);
    estimator.add(60 * SECOND, 30_000 - 5 * SECOND);
    expect(estimator.drift).toEqual({ ppm: undefined, offset: 0, span: 0, reach: 0 });
  });

  it("is off by no more than the delays' spread over its reach (property)", () => {
    const delays = fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 12, maxLength: 300 });
    fc.assert(
      fc.property(fc.integer({ min: -500, max: 500 }), delays, (ppm, extra) => {
        const estimator = new ClockDriftEstimator();
        for (const [i, more] of extra.entries()) {
          const at = i * SECOND;
          // Whole microseconds of a slope in millionths, a point a second: nothing is rounded.
          estimator.add(at, 5_000 + i * ppm + more);
        }
        const { ppm: found, reach } = estimator.drift;
        const spread = Math.max(...extra) - Math.min(...extra);
        expect(reach).toBeGreaterThan(0);
        expect(Math.abs((found ?? Number.NaN) - ppm)).toBeLessThanOrEqual((1e6 * spread) / reach + 1e-6);
      }),
      { seed: 6 },
    );
  });

  it("keeps its line at or below every point, over the mean of their times (property)", () => {
    const point = fc.record({
      at: fc.integer({ min: 0, max: 1e9 }),
      delay: fc.integer({ min: 0, max: 1e6 }),
    });
    fc.assert(
      fc.property(fc.uniqueArray(point, { selector: ({ at }) => at, minLength: 2 }), (list) => {
        const points = list.sort((a, b) => a.at - b.at);
        const [from, to] = lowerEdge(points);
        const lineAt = (at: number): number =>
          from.delay + ((to.delay - from.delay) / (to.at - from.at)) * (at - from.at);
        for (const { at, delay } of points) expect(lineAt(at)).toBeLessThanOrEqual(delay + 1e-3);
        const mean = points.reduce((sum, { at }) => sum + at, 0) / points.length;
        expect(from.at).toBeLessThanOrEqual(mean);
        expect(to.at).toBeGreaterThanOrEqual(mean);
      }),
    );
  });
});

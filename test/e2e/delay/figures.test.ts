import { describe, expect, it } from "vitest";
import { delayFigures, together } from "./figures.js";
import { syncOffsets } from "./sync.js";
import type { Watched } from "./watch.js";

/** The stream's clock at load(). */
const BEGUN = 61_000;

/** A picture every 40 ms from 100 ms on, with what the delay is at each moment, and a tone every 400. */
function viewing(
  until: number,
  age: (at: number) => number,
  without?: (at: number) => boolean,
  soundLate = 0,
): Pick<Watched, "shown" | "heard"> {
  const shown: Watched["shown"][number][] = [];
  const heard: Watched["heard"][number][] = [];
  for (let at = 100; at < until; at += 40) {
    if (without?.(at) !== true) shown.push({ at, age: age(at), clock: BEGUN + at, target: 0 });
  }
  for (let clock = 61_200; clock < BEGUN + until; clock += 400) {
    heard.push({ at: clock - BEGUN + soundLate, clock: clock % 3200 });
  }
  return { shown, heard };
}

describe("delayFigures", () => {
  it("takes the steady part for the percentiles, and tells when it was reached", () => {
    const figures = delayFigures(
      viewing(10_000, (at) => (at < 1100 ? 2000 : 300)),
      3000,
    );
    expect(figures).toMatchObject({ first: 100, settled: 1100, p50: 300, p95: 300, freezes: 0, longest: 40 });
    expect(figures.rate).toBeCloseTo(25);
  });

  it("counts freezes, in the steady part only", () => {
    const frozen = (at: number): boolean => (at > 1000 && at < 1500) || (at > 5000 && at < 5300);
    const figures = delayFigures(
      viewing(10_000, () => 300, frozen),
      3000,
    );
    expect(figures.freezes).toBe(1);
    expect(figures.longest).toBeGreaterThanOrEqual(300);
  });

  it("says that there is no figure where nothing was shown", () => {
    const figures = delayFigures({ shown: [], heard: [] }, 3000);
    expect(figures).toMatchObject({ first: Number.NaN, p50: Number.NaN, freezes: 0, sync: Number.NaN });
  });

  it.each([0, 35, -1500, 1500])("tells how late the sound is: %i ms", (late) => {
    const figures = delayFigures(
      viewing(10_000, () => 300, undefined, late),
      3000,
    );
    expect(figures).toMatchObject({ sync: late, syncP95: Math.abs(late) });
  });
});

describe("syncOffsets", () => {
  it("says nothing of tones that no picture was near to", () => {
    const { shown, heard } = viewing(
      10_000,
      () => 300,
      (at) => at > 4000 && at < 6000,
    );
    expect(syncOffsets(shown, heard)).toHaveLength(heard.length - 3);
    expect(syncOffsets([], heard)).toEqual([]);
  });
});

describe("together", () => {
  it("takes medians, the sum of the freezes and the longest of all", () => {
    const viewings = [300, 500, 310].map((age) =>
      delayFigures(
        viewing(
          8000,
          () => age,
          (at) => age === 500 && at > 5000 && at < 5400,
        ),
        3000,
      ),
    );
    expect(together(viewings)).toMatchObject({ p50: 310, freezes: 1 });
    expect(together(viewings).longest).toBeGreaterThanOrEqual(400);
  });
});

import { describe, expect, it } from "vitest";
import { Pace } from "./pace.js";

/** Rounds of so long each, as soon as they may begin, until the rests have settled. @returns the last rest */
function settle(pace: Pace, cost: (micros: number) => number, rounds = 1_000): number[] {
  const rests: number[] = [];
  let now = 0;
  let before = 0;
  for (let i = 0; i < rounds; i++) {
    const took = cost(now - before);
    before = now;
    now += took;
    pace.round(took, now);
    const rest = pace.wait(now);
    rests.push(rest);
    now += rest;
  }
  return rests;
}

describe("Pace", () => {
  it("lets the first round begin at once", () => {
    expect(new Pace().wait(0)).toBe(0);
    expect(new Pace().wait(5_000_000)).toBe(0);
  });

  it("rests in proportion to what a round takes, and no longer than its bound", () => {
    expect(settle(new Pace(), () => 300).at(-1)).toBeCloseTo(100, 3);
    expect(settle(new Pace(), () => 30_000).at(-1)).toBeCloseTo(10_000, 3);
    expect(settle(new Pace(), () => 1_000_000).at(-1)).toBe(40_000);
  });

  it("counts the time that has passed since", () => {
    const pace = new Pace();
    for (let i = 0; i < 100; i++) pace.round(6_000, 1_000);
    expect(pace.wait(1_500)).toBeCloseTo(1_500, 0);
    expect(pace.wait(10_000)).toBe(0);
  });

  it.each([0.05, 0.25, 0.5])(
    "settles where a round costs more the more media it carries (%f), without a swing",
    (perMicro) => {
      const rests = settle(new Pace(), (media) => 4_000 + perMicro * media);
      const settled = rests.slice(-20);
      for (const rest of settled) expect(rest).toBeCloseTo(settled[0] ?? 0, 0);
      // From below, it never steps over where it ends.
      expect(Math.max(...rests)).toBeLessThanOrEqual((settled[0] ?? 0) * 1.01);
    },
  );

  it("is back to no rest worth a timer within some rounds of the load's end", () => {
    const pace = new Pace();
    settle(pace, () => 20_000);
    expect(pace.patience).toBe(40_000);
    expect(settle(pace, () => 30, 50).at(-1)).toBeLessThan(1_000);
    expect(pace.patience).toBeLessThan(1_000);
  });

  it("takes little notice of one round that was held up", () => {
    const pace = new Pace();
    settle(pace, () => 100);
    pace.round(30_000, 30_000);
    expect(pace.wait(30_000)).toBeLessThan(10_000);
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SlidingWindow } from "./sliding-window.js";

describe("SlidingWindow", () => {
  it("knows nothing before the first row", () => {
    const window = new SlidingWindow(1, 3);
    expect([window.last(0), window.mean(0), window.growth(0)]).toEqual([NaN, NaN, NaN]);
  });

  it("passes over what is not known", () => {
    const window = new SlidingWindow(2, 4);
    for (const row of [
      [1, Number.NaN],
      [Number.NaN, 5],
      [3, Number.NaN],
    ])
      window.push(row);
    expect([window.last(0), window.mean(0), window.growth(0)]).toEqual([3, 2, 2]);
    expect([window.last(1), window.mean(1), window.growth(1)]).toEqual([5, 5, 0]);
  });

  it("takes a counter that falls for one that has begun anew", () => {
    const window = new SlidingWindow(1, 5);
    for (const value of [10, 12, 3, 4]) window.push([value]);
    expect(window.growth(0)).toBe(2 + 3 + 1);
  });

  it("is what the last rows are, however many there were (property)", () => {
    const rows = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 12 }), (values, size) => {
        const window = new SlidingWindow(1, size);
        for (const value of values) window.push([value]);
        const kept = values.slice(-size);
        expect(window.last(0)).toBe(values.at(-1));
        expect(window.mean(0)).toBeCloseTo(kept.reduce((a, b) => a + b, 0) / kept.length, 6);
        const steps = kept.slice(1).map((value, i) => (value >= kept[i]! ? value - kept[i]! : value));
        expect(window.growth(0)).toBe(steps.reduce((a, b) => a + b, 0));
      }),
    );
  });
});

import { describe, expect, it } from "vitest";
import { EdgeControl, type EdgeLimits } from "./edge-control.js";
import { rangeAt } from "./ranges.js";

const STAY = { seekTo: undefined, rate: 1 };
const NOW = 1_000_000;

/** One decision with the playhead at 10 s and the live edge so far ahead of it, after another 0.3 s before. */
function decide(
  ahead: number,
  ranges: readonly (readonly [number, number])[],
  limits: EdgeLimits = { targetLatencyMs: 500 },
  currentTime = 10,
) {
  const control = new EdgeControl(limits);
  const head = { currentTime, ranges: ranges.map(([start, end]) => ({ start, end })), rate: 1 };
  const arrivals = { base: NOW - 1000 * (currentTime + ahead), jitterMs: 30, burst: false };
  control.decide(head, { ...arrivals, base: arrivals.base - 300 }, NOW - 300);
  return control.decide(head, arrivals, NOW);
}

describe("EdgeControl", () => {
  it("leaves playback alone near the target, and without media", () => {
    expect(decide(0.5, [])).toEqual(STAY);
    expect(decide(0.5, [[5, 10.5]])).toEqual(STAY);
    expect(decide(0.52, [[5, 10.5]])).toEqual(STAY);
  });

  it("hurries where it is behind and dawdles where it is ahead, the less the nearer", () => {
    expect(decide(0.7, [[5, 10.7]]).rate).toBe(1.1);
    expect(decide(0.54, [[5, 10.5]]).rate).toBeCloseTo(1.07);
    expect(decide(0.2, [[5, 10.2]]).rate).toBe(0.95);
  });

  it("does not hurry towards an edge where nothing has come", () => {
    expect(decide(3, [[5, 10.2]])).toEqual(STAY);
  });

  it("follows the jitter unless it is told a target, and gives more after it ran dry", () => {
    const control = new EdgeControl({});
    const head = { currentTime: 10, ranges: [{ start: 5, end: 10.2 }], rate: 1 };
    const at = (jitterMs: number, now: number): number => {
      control.decide(head, { base: now - 10_200, jitterMs, burst: false }, now);
      return control.targetMs;
    };
    const calm = at(10, NOW);
    expect(at(110, NOW) - calm).toBe(100);
    control.underrun(NOW);
    expect(at(10, NOW)).toBe(calm + 60);
    expect(at(10, NOW + 5000)).toBe(calm + 30);
    expect(at(10, NOW + 60_000)).toBe(calm);
    expect(at(100_000, NOW)).toBe(2000);
  });

  it("jumps when it is too far behind, but not out of the newest range, and not for a moment", () => {
    expect(decide(4.5, [[5, 14.5]])).toEqual({ seekTo: 14, rate: 1 });
    const limits = { targetLatencyMs: 500, maxLatencyMs: 5000 };
    expect(decide(4.5, [[5, 14.5]], limits)).toEqual({ seekTo: undefined, rate: 1.1 });
    const split = [
      [5, 14],
      [14.2, 14.5],
    ] as const;
    expect(decide(4.5, split).seekTo).toBe(14.2);
    const control = new EdgeControl({});
    const head = { currentTime: 10, ranges: [{ start: 5, end: 14 }], rate: 1 };
    const arrivals = { base: NOW - 14_000, jitterMs: 30, burst: false };
    expect(control.decide(head, arrivals, NOW).seekTo).toBeUndefined();
    expect(control.decide(head, { ...arrivals, burst: true }, NOW + 300).seekTo).toBeUndefined();
    expect(control.decide(head, arrivals, NOW + 300).seekTo).toBeDefined();
  });

  it.each([0.033, 0.054, 1])("jumps over a hole of %f s once the playhead is at it", (hole) => {
    const ranges = [
      [5, 10],
      [10 + hole, 10.5 + hole],
    ] as const;
    const limits = { targetLatencyMs: 2000 };
    const seek = (currentTime: number) => decide(0.5, ranges, limits, currentTime).seekTo;
    expect(seek(9.8)).toBeUndefined();
    expect(seek(9.95)).toBe(10 + hole);
    expect(seek(10)).toBe(10 + hole);
    expect(seek(10 + hole)).toBeUndefined();
  });

  it("waits for media where it has run out of it", () => {
    expect(decide(0.5, [[5, 10]])).toEqual(STAY);
    expect(decide(0.5, [[5, 10]], {}, 10.1).seekTo).toBeUndefined();
  });

  it("goes back to media that begins earlier than where it stands", () => {
    expect(decide(0.5, [[2, 4]])).toEqual({ seekTo: 3.5, rate: 1 });
    expect(decide(0.5, [[3.8, 4]])).toEqual({ seekTo: 3.8, rate: 1 });
  });
});

describe("rangeAt", () => {
  it("takes times that are rounded away from a range's edge", () => {
    const ranges = [
      { start: 1, end: 2 },
      { start: 3, end: 4 },
    ];
    expect(rangeAt(ranges, 0.99)).toBe(ranges[0]);
    expect(rangeAt(ranges, 2.01)).toBe(ranges[0]);
    expect(rangeAt(ranges, 2.5)).toBeUndefined();
    expect(rangeAt(ranges, 3.5)).toBe(ranges[1]);
  });
});

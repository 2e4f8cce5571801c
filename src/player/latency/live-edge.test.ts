import { describe, expect, it } from "vitest";
import { correctPlayhead, rangeAt } from "./live-edge.js";

const TARGET = { targetLatencyMs: 800, maxLatencyMs: 4000 };
const STAY = { seekTo: undefined, rate: 1 };

function correct(currentTime: number, ranges: readonly (readonly [number, number])[], rate = 1) {
  const head = { currentTime, ranges: ranges.map(([start, end]) => ({ start, end })), rate };
  return correctPlayhead(head, TARGET);
}

describe("correctPlayhead", () => {
  it("leaves playback alone near the target, and without media", () => {
    expect(correct(10, [])).toEqual(STAY);
    expect(correct(10, [[5, 10.8]])).toEqual(STAY);
    expect(correct(10, [[5, 10.05]])).toEqual(STAY);
  });

  it("hurries from well over the target until it is back at it", () => {
    expect(correct(10, [[5, 11.1]])).toEqual(STAY);
    expect(correct(10, [[5, 11.3]])).toEqual({ seekTo: undefined, rate: 1.1 });
    expect(correct(10, [[5, 11.1]], 1.1)).toEqual({ seekTo: undefined, rate: 1.1 });
    expect(correct(10, [[5, 10.79]], 1.1)).toEqual(STAY);
  });

  it("jumps to the target when it is too far behind, but not out of the newest range", () => {
    expect(correct(10, [[5, 14.5]])).toEqual({ seekTo: 13.7, rate: 1 });
    expect(
      correct(10, [
        [5, 14],
        [14.2, 14.5],
      ]),
    ).toEqual({ seekTo: 14.2, rate: 1 });
  });

  it.each([0.033, 0.054, 1])("jumps over a hole of %f s once the playhead is at it", (hole) => {
    const ranges = [
      [5, 10],
      [10 + hole, 11],
    ] as const;
    expect(correct(9.8, ranges).seekTo).toBeUndefined();
    expect(correct(9.95, ranges).seekTo).toBe(10 + hole);
    expect(correct(10, ranges).seekTo).toBe(10 + hole);
    expect(correct(10 + hole, ranges).seekTo).toBeUndefined();
  });

  it("waits for media where it has run out of it", () => {
    expect(correct(10, [[5, 10]])).toEqual(STAY);
    expect(correct(10.1, [[5, 10]])).toEqual(STAY);
  });

  it("goes back to media that begins earlier than where it stands", () => {
    expect(correct(10, [[2, 4]])).toEqual({ seekTo: 3.2, rate: 1 });
    expect(correct(10, [[3.5, 4]])).toEqual({ seekTo: 3.5, rate: 1 });
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

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { audioTrack, dataTrack, packet, videoTrack } from "../../test/support/toy-format.js";
import { Timeline } from "./timeline.js";

const video = videoTrack();
const audio = audioTrack();

/** Milliseconds that the source's times come out as; "lost" for those that are dropped. */
function placing(
  timeline: Timeline,
): (track: typeof video | typeof audio | typeof dataTrack, ms: number) => number | "lost" {
  return (track, ms) => {
    const placed = timeline.place(packet(track, ms));
    return placed === undefined ? "lost" : placed.dts / 1000;
  };
}

function begun(firstMs: number): { timeline: Timeline; place: ReturnType<typeof placing> } {
  const timeline = new Timeline();
  timeline.splice(firstMs * 1000, 0);
  return { timeline, place: placing(timeline) };
}

describe("Timeline", () => {
  it("starts at 0 and keeps the distances of both tracks", () => {
    const { place } = begun(90_000);
    expect([place(video, 90_000), place(audio, 90_007), place(video, 90_040), place(audio, 90_028)]).toEqual([
      0, 7, 40, 28,
    ]);
  });

  it("keeps pts - dts, signed", () => {
    const { timeline } = begun(5_000);
    const early = { ...packet(video, 5_000), pts: 4_960_000 };
    expect(timeline.place(early)).toMatchObject({ dts: 0, pts: -40_000 });
  });

  it("takes a source whose clock begins below zero", () => {
    const { place } = begun(-500);
    expect([place(video, -500), place(video, -460), place(audio, -490)]).toEqual([0, 40, 10]);
  });

  it("drops what is older than the random access point, and only until its track has begun", () => {
    const { place } = begun(1_000);
    expect([place(video, 1_000), place(audio, 979), place(audio, 1_000), place(audio, 995)]).toEqual([
      0,
      "lost",
      0,
      0,
    ]);
  });

  it("gives a track on a clock of its own a place beside the others, wherever that clock stands", () => {
    for (const origin of [-3_600_000, 0, 3_600_000]) {
      const { place } = begun(100_000);
      place(video, 100_000);
      place(video, 100_040);
      const heard = [0, 20, 40].map((ms) => place(audio, origin + ms));
      expect(heard).toEqual([80, 100, 120]);
      expect(place(video, 100_080)).toBe(80);
      expect(place(audio, origin + 60)).toBe(140);
    }
  });

  it("lets a track that runs a few seconds behind catch up instead of pulling it out of sync", () => {
    const { place } = begun(10_000);
    place(video, 10_000);
    expect([8_000, 9_000, 9_999, 10_000, 11_000].map((ms) => place(audio, ms))).toEqual([
      "lost",
      "lost",
      "lost",
      0,
      1_000,
    ]);
  });

  it("puts a jump one frame after the highest dts, both tracks by the same offset", () => {
    const { place } = begun(0);
    for (const ms of [0, 40, 80]) place(video, ms);
    place(audio, 70);
    expect([place(video, 500_000), place(audio, 499_990), place(video, 500_040)]).toEqual([120, 110, 160]);
    expect([place(video, 9_000), place(audio, 9_010)]).toEqual([200, 210]);
  });

  it("keeps stragglers of the other track where they belong", () => {
    const { place } = begun(0);
    for (const ms of [0, 40, 80]) place(video, ms);
    place(audio, 60);
    expect([place(video, 90_000), place(audio, 81), place(audio, 102), place(audio, 90_003)]).toEqual([
      120, 81, 102, 123,
    ]);
  });

  it("goes on where it was after a single wild timestamp", () => {
    const { place } = begun(0);
    expect([0, 40, 3_600_000, 80, 120, 160].map((ms) => place(video, ms))).toEqual([0, 40, 80, 80, 120, 160]);
  });

  it("holds a small step back, and only the packets that step back", () => {
    const { place } = begun(0);
    expect([0, 40, 20, 60].map((ms) => place(video, ms))).toEqual([0, 40, 40, 60]);
  });

  it("takes a slide show for what it is, from the second picture on", () => {
    const { place } = begun(0);
    expect([0, 5_000, 10_000, 15_000, 20_000].map((ms) => place(video, ms))).toEqual([
      0, 40, 5_040, 10_040, 15_040,
    ]);
  });

  it("takes a picture's pause for no jump while sound goes on", () => {
    const { place } = begun(0);
    place(video, 0);
    for (let ms = 0; ms <= 30_000; ms += 20) place(audio, ms);
    expect(place(video, 30_000)).toBe(30_000);
  });

  it("puts the next source one frame after the highest dts, and notes when", () => {
    const { timeline, place } = begun(0);
    for (const ms of [0, 20, 40, 60]) place(video, ms);
    timeline.splice(7_000_000, 99);
    expect(place(video, 7_000)).toBe(80);
    expect(timeline.anchors).toEqual([
      { dts: 0, wall: 0, offset: 0 },
      { dts: 80_000, wall: 99, offset: 80_000 - 7_000_000 },
    ]);
    expect([79_999, 80_000, undefined].map((dts) => timeline.placementAt(dts))).toEqual([
      { from: 0, offset: 0 },
      { from: 80_000, offset: -6_920_000 },
      { from: 80_000, offset: -6_920_000 },
    ]);
  });

  it("keeps data beside picture and sound whatever its own times say, and never moves them for it", () => {
    const { place } = begun(50_000);
    place(video, 50_000);
    for (let ms = 50_040; ms <= 60_000; ms += 40) place(video, ms);
    expect(place(dataTrack, 0)).toBe(9_000);
    expect(place(dataTrack, 60_010)).toBe(10_010);
    expect(place(dataTrack, 4_000_000_000)).toBe(11_000);
    expect(place(video, 60_040)).toBe(10_040);
  });

  it("keeps no more anchors than a few", () => {
    const { timeline, place } = begun(0);
    for (let i = 0; i < 100; i++) place(video, (i % 2) * 1e6 + i * 40 + (i % 3) * 1e7);
    expect(timeline.anchors.length).toBeLessThanOrEqual(16);
  });

  it("never falls within a track, never goes below 0, and keeps every offset whole (property)", () => {
    const step = fc.record({
      track: fc.constantFrom(video, audio, dataTrack),
      by: fc.oneof(
        fc.integer({ min: -60, max: 120 }),
        fc.integer({ min: -3_000, max: 3_000 }),
        fc.integer({ min: -(2 ** 32), max: 2 ** 32 }),
      ),
      splice: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 200 }),
        fc.integer({ min: -1e9, max: 1e9 }),
        (steps, origin) => {
          const timeline = new Timeline();
          timeline.splice(origin * 1000, 0);
          const last = new Map<number, number>();
          let clock = origin;
          let since = 0;
          for (const { track, by, splice } of steps) {
            clock += by;
            since += 1;
            if (splice && since > 20) {
              since = 0;
              timeline.splice(clock * 1000, 0);
            }
            const placed = timeline.place(packet(track, clock));
            if (placed === undefined) continue;
            expect(Number.isInteger(placed.dts)).toBe(true);
            expect(placed.dts).toBeGreaterThanOrEqual(last.get(track.id) ?? 0);
            last.set(track.id, placed.dts);
          }
        },
      ),
      { seed: 1, numRuns: 300 },
    );
  });

  it("never loses a track for good: ten seconds of its packets are enough (property)", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -1e10, max: 1e10 }),
        fc.integer({ min: 0, max: 20_000 }),
        (origin, lead) => {
          const { place } = begun(0);
          for (let ms = 0; ms <= lead; ms += 40) place(video, ms);
          let placed: number | "lost" = "lost";
          for (let ms = 0; ms <= 10_040; ms += 20) {
            placed = place(audio, origin + ms);
            place(video, lead + ms);
          }
          expect(placed).not.toBe("lost");
          // And within reach of the picture, so that a player can play both.
          expect(Math.abs((placed as number) - (lead + 10_040))).toBeLessThan(22_000);
        },
      ),
      { seed: 2, numRuns: 200 },
    );
  });
});

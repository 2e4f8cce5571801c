import { describe, expect, it } from "vitest";
import { type HeardTone, soundAt, TONE_EVERY_MS, TONE_ROUND_MS, ToneFinder } from "./tone-code.js";

const RATE = 48_000;
const BLOCK = 128;

/** What is found in so many seconds of sound that begin at this second of the stream, at 0 for who listens. */
function hear(
  from: number,
  seconds: number,
  change: (sample: number) => number = (same) => same,
): HeardTone[] {
  const finder = new ToneFinder(RATE);
  const found: HeardTone[] = [];
  const block = new Float32Array(BLOCK);
  for (let at = 0; at < seconds * RATE; at += BLOCK) {
    for (let i = 0; i < BLOCK; i += 1) block[i] = change(soundAt(from * RATE + at + i, RATE));
    const tone = finder.push(block, at / RATE);
    if (tone !== undefined) found.push(tone);
  }
  return found;
}

describe("the clock in the sound", () => {
  it("is read back to the millisecond, wherever one begins to listen", () => {
    for (const from of [0, 0.123, 61.7]) {
      const found = hear(from, 5);
      expect(found.length).toBeGreaterThanOrEqual(12);
      for (const { at, clock } of found) {
        const said = (from + at) * 1000;
        expect(Math.abs(said - Math.round(said / TONE_EVERY_MS) * TONE_EVERY_MS)).toBeLessThan(1);
        expect(clock).toBeCloseTo((Math.round(said / TONE_EVERY_MS) * TONE_EVERY_MS) % TONE_ROUND_MS);
      }
    }
  });

  it("is heard through half the volume and some noise, and not where there is none", () => {
    let noise = 1;
    const noisy = (sample: number): number => {
      noise = (noise * 16_807) % 2_147_483_647;
      return sample / 2 + (noise / 2_147_483_647 - 0.5) * 0.02;
    };
    expect(hear(0, 5, noisy).map(({ clock }) => clock)).toEqual(hear(0, 5).map(({ clock }) => clock));
    expect(hear(0, 5, () => 0)).toEqual([]);
  });
});

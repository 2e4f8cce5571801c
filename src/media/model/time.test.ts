import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MediaClock, microsOf, microsOfNtp, Unwrap } from "./time.js";

describe("Unwrap", () => {
  it("goes on across the wrap, forth and back, any number of times", () => {
    const clock = new Unwrap(32);
    expect(clock.next(0xffff_fff0)).toBe(0xffff_fff0);
    expect(clock.next(0x10)).toBe(0x1_0000_0010);
    expect(clock.next(0xffff_fff8)).toBe(0xffff_fff8);
    for (let wrap = 1; wrap <= 1000; wrap++) {
      clock.next(0x7fff_ffff);
      expect(clock.next(0xffff_0000)).toBe((wrap - 1) * 2 ** 32 + 0xffff_0000);
      expect(clock.next(5)).toBe(wrap * 2 ** 32 + 5);
    }
  });

  it("steps back below zero", () => {
    const clock = new Unwrap(32);
    expect(clock.next(0)).toBe(0);
    expect(clock.next(0xffff_ffff)).toBe(-1);
    expect(clock.next(2 ** 31)).toBe(-(2 ** 31));
    expect(clock.next(0)).toBe(-(2 ** 32));
  });

  it("follows any walk of steps below half the range", () => {
    const step = fc.integer({ min: -(2 ** 31) + 1, max: 2 ** 31 - 1 });
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        fc.array(step, { maxLength: 50 }),
        (start, steps) => {
          const clock = new Unwrap(32);
          let expected = start;
          expect(clock.next(start)).toBe(start);
          for (const move of steps) {
            expected += move;
            expect(clock.next(((expected % 2 ** 32) + 2 ** 32) % 2 ** 32)).toBe(expected);
          }
        },
      ),
      { seed: 6 },
    );
  });

  it("counts in 16 and 33 bits too, and looks aside without going there", () => {
    const sequence = new Unwrap(16);
    expect([0xfffe, 0, 0xffff, 1].map((value) => sequence.next(value))).toEqual([
      0xfffe, 0x10000, 0xffff, 0x10001,
    ]);
    const pts = new Unwrap(33);
    expect([2 ** 33 - 1, 0, 2 ** 32].map((value) => pts.next(value))).toEqual([
      2 ** 33 - 1,
      2 ** 33,
      2 ** 33 - 2 ** 32,
    ]);
    expect(sequence.near(0x8002)).toBe(0x8002);
    expect(sequence.next(2)).toBe(0x10002);
  });

  it("takes a signed value for the same 32 bits", () => {
    expect(new Unwrap(32).next(-1)).toBe(0xffff_ffff);
  });
});

const RATES = [1, 1000, 8000, 44_100, 48_000, 90_000, 1_000_000, 2 ** 32 - 1];
const WEEK_SECONDS = 7 * 24 * 3600;
const seed = 6;

/** The definition, without any rounding but the last. */
function exact(ticks: number, rate: number): number {
  const doubled = 2n * BigInt(ticks) * 1_000_000n + BigInt(rate);
  const by = 2n * BigInt(rate);
  const quotient = doubled / by;
  return Number(doubled % by < 0n ? quotient - 1n : quotient);
}

describe("microsOf", () => {
  it("is exact at whole seconds, a week of 90 kHz and longer included", () => {
    for (const rate of RATES) {
      expect(microsOf(WEEK_SECONDS * rate, rate)).toBe(WEEK_SECONDS * 1e6);
      expect(microsOf(-rate, rate)).toBe(-1e6);
      expect(Object.is(microsOf(0, rate), 0)).toBe(true);
    }
    expect(microsOf(WEEK_SECONDS * 90_000 + 1, 90_000)).toBe(WEEK_SECONDS * 1e6 + 11);
  });

  it("rounds to the nearest microsecond, and steps back nowhere (property)", () => {
    const rate = fc.oneof(fc.constantFrom(...RATES), fc.integer({ min: 1, max: 2 ** 32 - 1 }));
    // A time as large as this in microseconds is a safe integer too.
    const seconds = fc.integer({ min: -(2 ** 20), max: 2 ** 20 });
    fc.assert(
      fc.property(rate, seconds, fc.nat(), fc.nat(), (ticksPerSecond, whole, part, step) => {
        const ticks = whole * ticksPerSecond + (part % ticksPerSecond);
        const micros = microsOf(ticks, ticksPerSecond);
        expect(micros).toBe(exact(ticks, ticksPerSecond));
        expect(microsOf(ticks + step, ticksPerSecond)).toBeGreaterThanOrEqual(micros);
      }),
      { seed },
    );
  });
});

describe("MediaClock", () => {
  it("is exact to the microsecond after a week of frames at 90 kHz, over every wrap", () => {
    const first = 2 ** 32 - 1000;
    const clock = new MediaClock(90_000, 32, { timestamp: first, wall: 1_700_000_000_000_000 });
    // 29.97 frames a second, whose 3003 ticks are no whole number of microseconds; each a second apart, to be quick.
    const step = 3003 * 30;
    const steps = Math.floor((WEEK_SECONDS * 90_000) / step);
    for (let i = 1; i <= steps; i++) {
      const micros = clock.next((first + i * step) % 2 ** 32);
      if (i % 10_000 === 0 || i === steps) expect(micros).toBe(exact(i * step, 90_000));
    }
    expect(clock.wallOf(1_000_000)).toBe(1_700_000_001_000_000);
  });

  it("places timestamps of any walk, out of order and over wraps, within half a microsecond (property)", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(32 as const, 33 as const),
        fc.constantFrom(...RATES.slice(1, 7)),
        fc.nat(2 ** 32 - 1),
        fc.array(fc.integer({ min: -(2 ** 31) + 1, max: 2 ** 31 - 1 }), { maxLength: 40 }),
        (bits, rate, timestamp, moves) => {
          const clock = new MediaClock(rate, bits, { timestamp, wall: 0 });
          const range = 2 ** bits;
          let ticks = 0;
          for (const move of moves) {
            ticks += move;
            const wrapped = (((timestamp + ticks) % range) + range) % range;
            const aside = clock.near(wrapped);
            const micros = clock.next(wrapped);
            expect(aside).toBe(micros);
            expect(micros).toBe(exact(ticks, rate));
            // In units of half a microsecond over `rate`: |micros - ticks * 1e6 / rate| <= 1/2.
            const error = 2n * (BigInt(micros) * BigInt(rate) - BigInt(ticks) * 1_000_000n);
            expect(error <= BigInt(rate) && error >= -BigInt(rate)).toBe(true);
          }
        },
      ),
      { seed },
    );
  });

  it("wants a rate that is one", () => {
    for (const rate of [0, -1, 1.5, Number.NaN, 2 ** 32]) {
      expect(() => new MediaClock(rate, 32, { timestamp: 0, wall: 0 })).toThrow(/^rate: must be/);
    }
  });
});

describe("microsOfNtp", () => {
  it("knows both epochs, and the era that begins in 2036", () => {
    expect(microsOfNtp(2_208_988_800, 0)).toBe(0);
    expect(microsOfNtp(3_906_057_600, 2 ** 31)).toBe(Date.UTC(2023, 9, 12) * 1000 + 500_000);
    expect(microsOfNtp(2 ** 32 - 1, 0)).toBe(Date.UTC(2036, 1, 7, 6, 28, 15) * 1000);
    expect(microsOfNtp(0, 0)).toBe(Date.UTC(2036, 1, 7, 6, 28, 16) * 1000);
  });

  it("is within half a microsecond (property)", () => {
    fc.assert(
      fc.property(fc.nat(2 ** 32 - 1), (fraction) => {
        const micros = microsOfNtp(2_208_988_800, fraction);
        expect(Math.abs(micros - fraction / 4294.967296)).toBeLessThanOrEqual(0.5 + 1e-9);
      }),
      { seed },
    );
  });
});

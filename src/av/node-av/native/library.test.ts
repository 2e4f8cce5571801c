import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromMicroseconds, NO_TIMESTAMP, type Rational, rescale, toMicroseconds } from "./library.js";

const CLOCKS: readonly Rational[] = [
  { num: 1, den: 1_000 },
  { num: 1, den: 90_000 },
  { num: 1, den: 12_800 },
  { num: 1, den: 48_000 },
  { num: 1_001, den: 30_000 },
  { num: 1, den: 1_000_000 },
];
const clock = fc.constantFrom(...CLOCKS);
/** A year in the finest of these clocks. */
const time = fc.bigInt({ min: -31_536_000_000_000n, max: 31_536_000_000_000n });

describe("a time in another clock", () => {
  it("is off by half a tick at most, however long the stream has gone on", () => {
    fc.assert(
      fc.property(time, clock, clock, (value, from, to) => {
        const there = rescale(value, from, to);
        // |there * to - value * from| <= to / 2, in whole numbers.
        const difference =
          there * BigInt(to.num) * BigInt(from.den) - value * BigInt(from.num) * BigInt(to.den);
        const distance = difference < 0n ? -difference : difference;
        expect(distance * 2n <= BigInt(to.num) * BigInt(from.den)).toBe(true);
      }),
    );
  });

  it("comes back from microseconds as it was", () => {
    fc.assert(
      fc.property(time, clock, (value, from) => {
        const microsecond = { num: 1, den: 1_000_000 };
        expect(rescale(rescale(value, from, microsecond), microsecond, from)).toBe(value);
      }),
    );
  });

  it("is none where there was none", () => {
    expect(rescale(NO_TIMESTAMP, CLOCKS[0] as Rational, CLOCKS[1] as Rational)).toBe(NO_TIMESTAMP);
    expect(toMicroseconds(NO_TIMESTAMP, { num: 1, den: 90_000 })).toBeUndefined();
    expect(toMicroseconds(5n, { num: 0, den: 0 })).toBeUndefined();
    expect(toMicroseconds(2n ** 62n, { num: 1, den: 1 })).toBeUndefined();
  });

  it("is never later than the microseconds that were asked for", () => {
    fc.assert(
      fc.property(fc.integer({ min: -(10 ** 12), max: 10 ** 12 }), clock, (microseconds, to) => {
        const there = fromMicroseconds(microseconds, to);
        const exact = BigInt(microseconds) * BigInt(to.den);
        expect(there * BigInt(to.num) * 1_000_000n <= exact).toBe(true);
        expect((there + 1n) * BigInt(to.num) * 1_000_000n > exact).toBe(true);
      }),
    );
  });
});

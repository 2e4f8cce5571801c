import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Unwrap32 } from "./clock.js";

describe("Unwrap32", () => {
  it("goes on across the wrap, forth and back, any number of times", () => {
    const clock = new Unwrap32();
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
    const clock = new Unwrap32();
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
          const clock = new Unwrap32();
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

  it("takes a signed value for the same 32 bits", () => {
    expect(new Unwrap32().next(-1)).toBe(0xffff_ffff);
  });
});

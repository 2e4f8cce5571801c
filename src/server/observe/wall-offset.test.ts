import { describe, expect, it } from "vitest";
import { createWallOffset } from "./wall-offset.js";

/** Two clocks that go on by seven microseconds with each look at either. */
function clocks(epoch: number) {
  let micros = 0;
  let set = 0;
  let looks = 0;
  const look = (): number => {
    looks += 1;
    micros += 7;
    return micros;
  };
  return {
    now: look,
    wall: () => Math.floor((epoch + set + look()) / 1000) * 1000,
    set(by: number) {
      set += by;
    },
    looks: () => looks,
  };
}

describe("createWallOffset", () => {
  it("is right to some microseconds, and dear only once", () => {
    const epoch = 1_700_000_000_123_456;
    const made = clocks(epoch);
    const offset = createWallOffset(made);
    expect(Math.abs(offset() - epoch)).toBeLessThan(20);
    const before = made.looks();
    for (let i = 0; i < 500; i++) expect(Math.abs(offset() - epoch)).toBeLessThan(20);
    expect(made.looks() - before).toBe(1_000);
  });

  it("notices that the clock was set, either way", () => {
    const epoch = 1_700_000_000_123_456;
    const made = clocks(epoch);
    const offset = createWallOffset(made);
    offset();
    made.set(5_000_000);
    expect(Math.abs(offset() - epoch - 5_000_000)).toBeLessThan(20);
    made.set(-8_000_000);
    expect(Math.abs(offset() - epoch + 3_000_000)).toBeLessThan(20);
  });
});

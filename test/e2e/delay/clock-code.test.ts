import { describe, expect, it } from "vitest";
import { ageOf, drawClock, readClock } from "./clock-code.js";

/** One row of a picture, as a canvas gives it. */
function rowOf(luma: Uint8Array, width: number, y = 0): Uint8ClampedArray {
  const row = new Uint8ClampedArray(width * 4);
  for (let x = 0; x < width; x += 1) row.fill(luma[y * width + x] as number, x * 4, x * 4 + 3);
  return row;
}

describe("the clocks in the picture", () => {
  it.each([320, 640, 1280])("are read back from a picture %i wide", (width) => {
    const height = (width * 9) / 16;
    const luma = new Uint8Array(width * height);
    const drawn = 1_790_000_123_456;
    drawClock(luma, width, height, "wall", drawn);
    drawClock(luma, width, height, "media", 4321);
    const clock = readClock(rowOf(luma, width)) ?? Number.NaN;
    expect(ageOf(clock, drawn + 345)).toBe(345);
    expect(ageOf(clock, drawn - 3)).toBe(-3);
    expect(readClock(rowOf(luma, width, Math.round(height * 0.3)))).toBe(4321);
  });

  it("are not seen where there is none, or where a bar is lost", () => {
    expect(readClock(new Uint8ClampedArray(640 * 4))).toBeUndefined();
    expect(readClock(new Uint8ClampedArray(640 * 4).fill(255))).toBeUndefined();
    const luma = new Uint8Array(640 * 360);
    drawClock(luma, 640, 360, "wall", 1_790_000_123_456);
    luma.fill(luma[100] === 16 ? 235 : 16, 100, 120);
    expect(readClock(rowOf(luma, 640))).toBeUndefined();
  });
});

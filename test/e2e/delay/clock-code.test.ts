import { describe, expect, it } from "vitest";
import { drawClock, readAge } from "./clock-code.js";

/** One row of a picture, as a canvas gives it. */
function rowOf(luma: Uint8Array, width: number): Uint8ClampedArray {
  const row = new Uint8ClampedArray(width * 4);
  for (let x = 0; x < width; x += 1) row.fill(luma[x] as number, x * 4, x * 4 + 3);
  return row;
}

describe("the clock in the picture", () => {
  it.each([320, 640, 1280])("is read back from a picture %i wide", (width) => {
    const height = (width * 9) / 16;
    const luma = new Uint8Array(width * height);
    const drawn = 1_790_000_123_456;
    drawClock(luma, width, height, drawn);
    expect(readAge(rowOf(luma, width), drawn + 345)).toBe(345);
    expect(readAge(rowOf(luma, width), drawn - 3)).toBe(-3);
  });

  it("is not seen where there is none, or where a bar is lost", () => {
    expect(readAge(new Uint8ClampedArray(640 * 4), 5)).toBeUndefined();
    expect(readAge(new Uint8ClampedArray(640 * 4).fill(255), 5)).toBeUndefined();
    const luma = new Uint8Array(640 * 360);
    drawClock(luma, 640, 360, 1_790_000_123_456);
    luma.fill(luma[100] === 16 ? 235 : 16, 100, 120);
    expect(readAge(rowOf(luma, 640), 1_790_000_123_500)).toBeUndefined();
  });
});

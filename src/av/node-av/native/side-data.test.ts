import { describe, expect, it } from "vitest";
import { rotationOfMatrix } from "./rotation.js";
import { masteringOf } from "./side-data.js";

const ONE = 0x1_0000;

/** libavutil's display matrix for a turn, clockwise, as MP4 has it. */
function matrix(degrees: number): Uint8Array {
  const [sin, cos] = [Math.sin, Math.cos].map((f) => Math.round(f((degrees * Math.PI) / 180) * ONE));
  return new Uint8Array(
    Int32Array.of(cos ?? 0, sin ?? 0, 0, -(sin ?? 0), cos ?? 0, 0, 0, 0, 0x4000_0000).buffer,
  );
}

describe("a display matrix", () => {
  it.each([0, 90, 180, 270])("turns the picture by %i degrees", (degrees) => {
    expect(rotationOfMatrix(matrix(degrees))).toBe(degrees);
  });

  it("turns by the nearest quarter", () => {
    expect(rotationOfMatrix(matrix(80))).toBe(90);
    expect(rotationOfMatrix(matrix(-95))).toBe(270);
  });

  it("turns nothing where it is none", () => {
    expect(rotationOfMatrix(null)).toBe(0);
    expect(rotationOfMatrix(new Uint8Array(8))).toBe(0);
    expect(rotationOfMatrix(new Uint8Array(36))).toBe(0);
  });
});

describe("a mastering display", () => {
  const rationals = [34_000, 16_000, 13_250, 34_500, 7_500, 3_000, 15_635, 16_450].flatMap((x) => [
    x,
    50_000,
  ]);
  const luminance = [50, 10_000, 10_000_000, 10_000];
  const bytes = (primaries: number, light: number): Uint8Array =>
    new Uint8Array(Int32Array.of(...rationals, ...luminance, primaries, light).buffer);

  it("is told as ffprobe tells it", () => {
    expect(masteringOf(bytes(1, 1))).toEqual({
      side_data_type: "Mastering display metadata",
      ...{ red_x: "34000/50000", red_y: "16000/50000", green_x: "13250/50000", green_y: "34500/50000" },
      ...{
        blue_x: "7500/50000",
        blue_y: "3000/50000",
        white_point_x: "15635/50000",
        white_point_y: "16450/50000",
      },
      ...{ min_luminance: "50/10000", max_luminance: "10000000/10000" },
    });
  });

  it("keeps to itself what it does not have", () => {
    expect(Object.keys(masteringOf(bytes(0, 1)))).toEqual([
      "side_data_type",
      "min_luminance",
      "max_luminance",
    ]);
    expect(Object.keys(masteringOf(new Uint8Array(80)))).toEqual(["side_data_type"]);
  });
});

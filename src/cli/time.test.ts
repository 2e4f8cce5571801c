import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatTime, parseTime } from "./time.js";

describe("a time that somebody types", () => {
  it.each([
    ["00:01:02.5", 62_500_000],
    ["1:02.5", 62_500_000],
    ["62.5", 62_500_000],
    ["10s", 10_000_000],
    ["500ms", 500_000],
    ["1.5m", 90_000_000],
    ["2h", 7_200_000_000],
    ["0", 0],
    ["100:00:00", 360_000_000_000],
  ])("%s", (text, us) => {
    expect(parseTime(text)).toBe(us);
  });

  it.each(["", "-1", "1:2:3:4", "1e3", "ten", "10 s", "0x10", "1:", ":1", "5d", "NaN", "1:02.5s"])(
    "%s is none",
    (text) => {
      expect(parseTime(text)).toBeUndefined();
    },
  );

  it("comes back from what is shown, to the millisecond", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999 * 3_600_000 }), (ms) => {
        expect(parseTime(formatTime(ms * 1_000))).toBe(ms * 1_000);
      }),
    );
    expect(formatTime(-1_500_000)).toBe("-00:00:01.500");
  });
});

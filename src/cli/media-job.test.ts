import { expect, it } from "vitest";
import { barLine } from "./media-job.js";

const NOTHING = { timeUs: 0, totalUs: undefined, frames: undefined, bytes: undefined, speed: undefined };

it("a job's bar shows how far it is, of how much, how fast and how long yet", () => {
  const half = { ...NOTHING, timeUs: 5_000_000, totalUs: 10_000_000, bytes: 1_250_000, speed: 2.5 };
  expect(barLine(half)).toBe(
    "[============>           ]   50 %  00:00:05.000 of 00:00:10.000  2.5x  1.3 MB  2 s left",
  );
  expect(barLine({ ...half, timeUs: 10_400_000, speed: 120 })).toBe(
    "[========================]  100 %  00:00:10.400 of 00:00:10.000  120x  1.3 MB",
  );
});

it("a job's bar is a clock where nobody knows the end", () => {
  expect(barLine({ ...NOTHING, timeUs: 61_000_000, bytes: 900_000 })).toBe("00:01:01.000  0.9 MB");
  expect(barLine(NOTHING)).toBe("00:00:00.000");
});

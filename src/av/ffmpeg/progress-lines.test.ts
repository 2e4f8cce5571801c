import { expect, it } from "vitest";
import type { Progress } from "../progress.js";
import { progressLines } from "./progress-lines.js";

it("FFmpeg's progress is one report for each block, and what it does not know is undefined", () => {
  const reports: Progress[] = [];
  const line = progressLines((progress) => reports.push(progress));
  const text =
    "frame=12\nfps=0.0\ntotal_size=4096\nout_time_us=480000\nspeed=1.92x\nprogress=continue\n" +
    "frame=N/A\ntotal_size=N/A\nout_time_us=-9223372036854775807\nspeed=N/A\nprogress=end";
  for (const one of text.split("\n")) line(one);
  expect(reports).toEqual([
    { timeUs: 480_000, totalUs: undefined, frames: 12, bytes: 4_096, speed: 1.92 },
    { timeUs: 0, totalUs: undefined, frames: undefined, bytes: undefined, speed: undefined },
  ]);
});

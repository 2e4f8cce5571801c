import { expect, it } from "vitest";
import {
  codecName,
  formatAge,
  formatBitrate,
  formatMillis,
  formatSeconds,
  formatShare,
  formatSize,
} from "./format.js";

it("names codecs as people do", () => {
  const codecs = [
    "avc1.64001f",
    "hvc1.1.6.L93.B0",
    "av01.0.04M.08",
    "vp09.00.10.08",
    "mp4a.40.2",
    "mp4a.6B",
    "mp3",
    "opus",
  ];
  expect(codecs.map(codecName)).toEqual(["H.264", "H.265", "AV1", "VP9", "AAC", "MP3", "MP3", "Opus"]);
  expect(codecName("xyz")).toBe("xyz");
});

it("writes figures with their units", () => {
  expect([0, 433_210, 2_650_000].map(formatBitrate)).toEqual(["–", "433 kbit/s", "2.65 Mbit/s"]);
  expect([12.4, 999, 1500].map(formatMillis)).toEqual(["12 ms", "999 ms", "1.50 s"]);
  expect([0, 0.004, 0.123, 1].map(formatShare)).toEqual(["0 %", "0.4 %", "12 %", "100 %"]);
  expect(formatSeconds(841.6)).toBe("0.84 s");
  expect([formatSize(1280, 720), formatSize(0, 0), formatSize(undefined, undefined)]).toEqual([
    "1280 × 720",
    "–",
    "–",
  ]);
  expect([-1, 9000, 61_000, 3_723_000].map(formatAge)).toEqual(["0:00", "0:09", "1:01", "1:02:03"]);
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  parseBits,
  parseBytes,
  parseCrop,
  parsePlaced,
  parseQuality,
  parseRate,
  parseSize,
  parseTracks,
} from "./media-values.js";

describe("values of the media commands", () => {
  it.each([
    ["1280x720", { width: 1280, height: 720 }],
    ["-2:480", { height: 480 }],
    ["1280:-1", { width: 1280 }],
    ["640x", { width: 640 }],
    ["x360", { height: 360 }],
    ["x", undefined],
    ["-2:-2", undefined],
    ["12", undefined],
    ["-3x4", undefined],
    ["1e3x5", undefined],
  ])("size %s", (text, size) => {
    expect(parseSize(text)).toEqual(size);
  });

  it.each([
    ["100:50", { width: 100, height: 50 }],
    ["100:50:0:4", { width: 100, height: 50, x: 0, y: 4 }],
    ["100:50:1", undefined],
    ["100x50", undefined],
    ["100:50:-1:0", undefined],
  ])("crop %s", (text, crop) => {
    expect(parseCrop(text)).toEqual(crop);
  });

  it.each([
    ["30", 30],
    ["29.97", 29.97],
    ["30000/1001", 30_000 / 1_001],
    ["0", undefined],
    ["1/0", undefined],
    ["x", undefined],
  ])("rate %s", (text, rate) => {
    expect(parseRate(text)).toBe(rate);
  });

  it.each([
    ["1.2M", 1_200_000],
    ["800k", 800_000],
    ["800K", 800_000],
    ["64000", 64_000],
    ["-1", undefined],
    ["1G", undefined],
  ])("bits %s", (text, bits) => {
    expect(parseBits(text)).toBe(bits);
  });

  it.each([
    ["512M", 512 * 1_024 ** 2],
    ["2G", 2 * 1_024 ** 3],
    ["1000", 1_000],
    ["2T", undefined],
  ])("bytes %s", (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes);
  });

  it("a place only behind the last @, and only where it is one", () => {
    expect(parsePlaced("logo.png@top-right")).toEqual({ what: "logo.png", place: "top-right" });
    expect(parsePlaced("me@home.png")).toEqual({ what: "me@home.png" });
    expect(parsePlaced("a@b@center")).toEqual({ what: "a@b", place: "center" });
    expect(parsePlaced("logo.png@left")).toEqual({ what: "logo.png@left" });
  });

  it("numbers of tracks", () => {
    expect(parseTracks("0,2")).toEqual([0, 2]);
    expect(parseTracks("")).toBeUndefined();
    expect(parseTracks("0,")).toBeUndefined();
    expect(parseTracks("-1")).toBeUndefined();
  });

  it("never throws, and gives no number that is none", () => {
    const parsers = [parseSize, parseCrop, parseRate, parseQuality, parseBits, parseBytes, parseTracks];
    const typed = fc.oneof(fc.string(), fc.stringMatching(/^[-\d:x.,/kMG]{0,12}$/));
    fc.assert(
      fc.property(typed, fc.constantFrom(...parsers), (text, parse) => {
        const value = parse(text);
        const numbers = typeof value === "object" ? Object.values(value) : value === undefined ? [] : [value];
        for (const number of numbers) expect(Number.isFinite(number) && number >= 0).toBe(true);
      }),
    );
  });
});

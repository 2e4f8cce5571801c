import { describe, expect, it } from "vitest";
import { fromHex } from "../bytes/bytes.js";
import { readMp3Header } from "./mp3.js";

describe("readMp3Header", () => {
  // Headers that libmp3lame and FFmpeg's mp2 encoder wrote, with the packet sizes that ffprobe reports.
  it.each([
    [
      "44.1 kHz stereo, 128 kbit/s",
      "fffb9064",
      {
        codec: "mp3",
        version: 1,
        layer: 3,
        sampleRate: 44100,
        numberOfChannels: 2,
        samplesPerFrame: 1152,
        bitRate: 128_000,
        frameSize: 417,
      },
    ],
    ["the same with padding", "fffb9264", { frameSize: 418 }],
    [
      "22.05 kHz mono, 64 kbit/s",
      "fff380c4",
      {
        codec: "mp3",
        version: 2,
        layer: 3,
        sampleRate: 22050,
        numberOfChannels: 1,
        samplesPerFrame: 576,
        bitRate: 64_000,
        frameSize: 208,
      },
    ],
    [
      "11.025 kHz mono, 32 kbit/s",
      "ffe340c4",
      {
        codec: "mp3",
        version: 2.5,
        sampleRate: 11025,
        numberOfChannels: 1,
        samplesPerFrame: 576,
        bitRate: 32_000,
        frameSize: 208,
      },
    ],
    [
      "layer II, 48 kHz stereo, 192 kbit/s",
      "fffda404",
      {
        codec: "mp4a.40.33",
        version: 1,
        layer: 2,
        sampleRate: 48000,
        samplesPerFrame: 1152,
        bitRate: 192_000,
        frameSize: 576,
      },
    ],
    // By the standard's formulas: layer I counts in slots of four bytes.
    [
      "layer I, 44.1 kHz, 384 kbit/s, padding",
      "ffffc200",
      { codec: "mp4a.40.32", layer: 1, samplesPerFrame: 384, bitRate: 384_000, frameSize: 420 },
    ],
    [
      "MPEG-2 layer I, 16 kHz, 224 kbit/s",
      "fff7d800",
      { version: 2, layer: 1, bitRate: 224_000, sampleRate: 16000 },
    ],
    ["MPEG-2 layer II, 24 kHz, 160 kbit/s", "fff5e400", { layer: 2, samplesPerFrame: 1152, frameSize: 960 }],
  ])("%s", (_what, hex, header) => {
    expect(readMp3Header(fromHex(hex))).toMatchObject(header);
  });

  it("knows no size in free format", () => {
    const header = readMp3Header(fromHex("fffb0064"));
    expect(header).toMatchObject({ sampleRate: 44100 });
    expect(header).not.toHaveProperty("frameSize");
    expect(header).not.toHaveProperty("bitRate");
  });

  it.each([
    ["no bytes", "", "truncated"],
    ["three bytes", "fffb90", "truncated"],
    ["no sync word", "7ffb9064", "malformed"],
    ["a reserved version", "ffeb9064", "malformed"],
    ["a reserved layer, as in ADTS", "fff15080", "malformed"],
    ["a bad bit rate", "fffbf064", "malformed"],
    ["a reserved rate", "fffb9c64", "malformed"],
  ])("refuses %s", (_what, hex, code) => {
    expect(() => readMp3Header(fromHex(hex))).toThrow(expect.objectContaining({ name: "MediaError", code }));
  });
});

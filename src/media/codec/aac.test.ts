import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BitWriter } from "../bytes/bits.js";
import { concatBytes, fromHex, toHex } from "../bytes/bytes.js";
import { isAdts, isLoas, readAacConfig, writeAacConfig } from "./aac.js";

/** Rate, channels, samples per frame and codec string at the output. */
const VECTORS = [
  // What FFmpeg 5.1's `aac` encoder wrote: `ffmpeg -f lavfi -i sine -ar RATE -ac N -c:a aac x.mp4`.
  ["118856e500", 48000, 1, 1024, "mp4a.40.2"],
  ["119056e500", 48000, 2, 1024, "mp4a.40.2"],
  ["121056e500", 44100, 2, 1024, "mp4a.40.2"],
  ["138856e500", 22050, 1, 1024, "mp4a.40.2"],
  ["11a056e500", 48000, 4, 1024, "mp4a.40.2"],
  ["11a856e500", 48000, 5, 1024, "mp4a.40.2"],
  ["11b056e500", 48000, 6, 1024, "mp4a.40.2"],
  ["11b856e500", 48000, 8, 1024, "mp4a.40.2"],
  // The same with layouts 2.1 and 6.1, which need a program config element (with "Lavc59.37.100" as its comment).
  ["118004c4010020000d4c61766335392e33372e31303056e500", 48000, 3, 1024, "mp4a.40.2"],
  ["118004c848002000c4400d4c61766335392e33372e31303056e500", 48000, 7, 1024, "mp4a.40.2"],
  // Nothing but the core coder's fields.
  ["1210", 44100, 2, 1024, "mp4a.40.2"],
  // HE-AAC, explicit: object type 5, and v2: object type 29. ffprobe agrees on rate and channels.
  ["2b920800", 44100, 2, 2048, "mp4a.40.5"],
  ["2b118800", 48000, 2, 2048, "mp4a.40.5"],
  ["eb8a0800", 44100, 2, 2048, "mp4a.40.29"],
  // HE-AAC, backward compatible: sync extensions 0x2b7 and 0x548.
  ["139056e5a0", 44100, 2, 2048, "mp4a.40.5"],
  ["138856e5a54880", 44100, 2, 2048, "mp4a.40.29"],
  // Frames of 960 samples, AAC Main, LTP; channel configurations 11, 12 and 14.
  ["1194", 48000, 2, 960, "mp4a.40.2"],
  ["0a10", 44100, 2, 1024, "mp4a.40.1"],
  ["2210", 44100, 2, 1024, "mp4a.40.4"],
  ["11d8", 48000, 7, 1024, "mp4a.40.2"],
  ["11e0", 48000, 8, 1024, "mp4a.40.2"],
  ["11f0", 48000, 8, 1024, "mp4a.40.2"],
] as const;

describe("readAacConfig", () => {
  it.each(VECTORS)("%s is %i Hz, %i channels, %i samples, %s", (hex, rate, channels, samples, codec) => {
    const bytes = fromHex(hex);
    const config = readAacConfig(bytes);
    expect(config).toMatchObject({
      codec,
      sampleRate: rate,
      numberOfChannels: channels,
      samplesPerFrame: samples,
      description: bytes,
    });
    expect(config.description).not.toBe(bytes);
  });

  it("tells the core coder from what comes out", () => {
    expect(readAacConfig(fromHex("eb8a0800"))).toMatchObject({
      objectType: 2,
      coreSampleRate: 22050,
      coreFrameLength: 1024,
      channelConfiguration: 1,
      sbr: true,
      ps: true,
    });
    // SBR at the core's own rate ("downsampled") makes no more samples of a frame.
    expect(readAacConfig(fromHex("2a120800"))).toMatchObject({
      sampleRate: 44100,
      samplesPerFrame: 1024,
      sbr: true,
    });
  });

  it("notes where SBR may come unannounced, without assuming it", () => {
    const implicit = (hex: string): boolean => readAacConfig(fromHex(hex)).implicitSbr;
    expect(readAacConfig(fromHex("1310"))).toMatchObject({ sampleRate: 24000, samplesPerFrame: 1024 });
    expect(implicit("1310")).toBe(true);
    expect(implicit("1388")).toBe(true);
    // Said to be absent, present, at too high a rate, or in Main.
    expect(implicit("138856e500")).toBe(false);
    expect(implicit("139056e5a0")).toBe(false);
    expect(implicit("1210")).toBe(false);
    expect(implicit("0b10")).toBe(false);
  });

  it("reads rates of their own and object types behind the escape", () => {
    const bits = new BitWriter();
    for (const [value, count] of [
      [2, 5],
      [15, 4],
      [44056, 24],
      [2, 4],
      [0, 3],
    ] as const)
      bits.bits(value, count);
    expect(readAacConfig(bits.finish())).toMatchObject({ sampleRate: 44056, numberOfChannels: 2 });
    // AOT 42 (USAC), 44.1 kHz, stereo.
    expect(() => readAacConfig(fromHex("f9484200"))).toThrow(/audio object type 42/);
  });

  it("reads error resilient AAC, and low delay's short frames", () => {
    const build = (objectType: number, short: number): Uint8Array => {
      const bits = new BitWriter();
      for (const [value, count] of [
        [objectType, 5],
        [3, 4],
        [2, 4],
        [short, 1],
        [0b01, 2],
        [0, 4],
        [0, 2],
      ] as const) {
        bits.bits(value, count);
      }
      return bits.finish();
    };
    expect(readAacConfig(build(17, 0))).toMatchObject({ samplesPerFrame: 1024, codec: "mp4a.40.17" });
    expect(readAacConfig(build(23, 0))).toMatchObject({ samplesPerFrame: 512, codec: "mp4a.40.23" });
    expect(readAacConfig(build(23, 1)).samplesPerFrame).toBe(480);
  });

  it.each([
    ["no bytes", "", "truncated"],
    ["one byte", "12", "truncated"],
    ["a reserved rate index", "1690", "malformed"],
    ["a rate of zero", "1780000010", "malformed"],
    ["a reserved channel configuration", "11c0", "malformed"],
    ["an object type that is no AAC", "a210", "unsupported"],
    ["SBR from 22050 Hz to 48 kHz", "2b918800", "malformed"],
    ["a program config element without channels", "118004 00000000 00", "malformed"],
    ["a program config element cut short", "118004c401002000 0d4c61", "truncated"],
    ["an ADTS header", "fff15080", "unsupported"],
  ])("refuses %s", (_what, hex, code) => {
    expect(() => readAacConfig(fromHex(hex))).toThrow(expect.objectContaining({ name: "MediaError", code }));
  });
});

describe("writeAacConfig", () => {
  it.each([
    [{ sampleRate: 44100, numberOfChannels: 2 }, "1210"],
    [{ sampleRate: 48000, numberOfChannels: 8 }, "11b8"],
    [{ sampleRate: 44100, numberOfChannels: 2, sbr: true }, "2b920800"],
    [{ sampleRate: 44100, numberOfChannels: 2, ps: true }, "eb8a0800"],
  ])("%o is %s", (parameters, hex) => {
    expect(toHex(writeAacConfig(parameters))).toBe(hex);
  });

  it("is read back", () => {
    const parameters = fc.record({
      objectType: fc.constantFrom(1, 2, 3, 4),
      sampleRate: fc.oneof(
        fc.constantFrom(96000, 48000, 44100, 8000, 7350),
        fc.integer({ min: 1, max: 0xffffff }),
      ),
      numberOfChannels: fc.integer({ min: 1, max: 8 }),
    });
    fc.assert(
      fc.property(parameters, (wanted) => {
        expect(readAacConfig(writeAacConfig(wanted))).toMatchObject(wanted);
      }),
      { seed: 4 },
    );
    for (const sampleRate of [16000, 32000, 44056, 96000]) {
      const written = writeAacConfig({ sampleRate, numberOfChannels: 2, ps: true });
      expect(readAacConfig(written)).toMatchObject({
        sampleRate,
        numberOfChannels: 2,
        samplesPerFrame: 2048,
      });
    }
  });

  it.each([
    { sampleRate: 44100, numberOfChannels: 0 },
    { sampleRate: 44100, numberOfChannels: 9 },
    { sampleRate: 44100, numberOfChannels: 4, ps: true },
    { sampleRate: 44100.5, numberOfChannels: 2 },
    { sampleRate: 0, numberOfChannels: 2 },
    { sampleRate: 2 ** 24, numberOfChannels: 2 },
    { sampleRate: 44100, numberOfChannels: 2, objectType: 5 },
  ])("refuses %o", (parameters) => {
    expect(() => writeAacConfig(parameters)).toThrow(expect.objectContaining({ code: "unsupported" }));
  });
});

describe("framings that FLV does not carry", () => {
  // The start of `ffmpeg -f lavfi -i sine -c:a aac x.mp4`'s second packet.
  const raw = fromHex("214c6cfe07fc7fc7fc4c5a29badc34a26dd5644a");

  it("ADTS", () => {
    expect(isAdts(concatBytes([fromHex("fff15080 037ffc"), raw]))).toBe(true);
    expect(isAdts(concatBytes([fromHex("fff95080 037ffc"), raw]))).toBe(true);
    expect(isAdts(raw)).toBe(false);
    expect(isAdts(fromHex("fff15080"))).toBe(false);
    // MPEG audio layer III, and a reserved rate.
    expect(isAdts(fromHex("fffb9064000000"))).toBe(false);
    expect(isAdts(fromHex("fff17c80037ffc"))).toBe(false);
  });

  it("LOAS", () => {
    const loas = concatBytes([fromHex("56e014"), raw]);
    expect(isLoas(loas)).toBe(true);
    expect(isLoas(loas.subarray(0, -1))).toBe(false);
    expect(isLoas(fromHex("56e000"))).toBe(false);
    expect(isLoas(fromHex("56"))).toBe(false);
    expect(isLoas(raw)).toBe(false);
  });
});

import { describe, expect, it } from "vitest";
import { BitWriter } from "../bytes/bits.js";
import { concatBytes, fromHex } from "../bytes/bytes.js";
import {
  av1ConfigOf,
  av1SequenceOf,
  isAv1Key,
  OBU_FRAME,
  OBU_FRAME_HEADER,
  OBU_SEQUENCE_HEADER,
  readAv1Config,
  splitObus,
} from "./av1.js";
import { parseAv1Sequence } from "./av1-sequence.js";

/**
 * The av1C that FFmpeg 5.1 wrote for `ffmpeg -f lavfi -i testsrc2=size=SIZE:rate=RATE -frames:v 3 ARGS x.mp4`, and
 * what ffprobe says about the file.
 */
const VECTORS = [
  {
    args: "640x360 -c:v libaom-av1",
    av1C: "81010c000a0b0000000cc4ff6736be4010",
    config: { codec: "av01.0.01M.08", codedWidth: 640, codedHeight: 360 },
    sequence: { profile: 0, bitDepth: 8, subsamplingX: true, subsamplingY: true },
  },
  {
    args: "1280x720 -c:v libsvtav1",
    av1C: "81050c000a0b0000002d4cffb3c02f8004",
    config: { codec: "av01.0.05M.08", codedWidth: 1280, codedHeight: 720 },
    sequence: { levelIdx: 5, highTier: false },
  },
  {
    args: "322x242 -c:v librav1e",
    av1C: "811f0c000a0e000000fa1e83e2210a88101010a0",
    config: { codec: "av01.0.31M.08", codedWidth: 322, codedHeight: 242 },
    sequence: { levelIdx: 31 },
  },
  {
    args: "3840x2160 -c:v libaom-av1",
    av1C: "810d0c000a0c0000006aefbfe1bdcaf90040",
    config: { codec: "av01.0.13M.08", codedWidth: 3840, codedHeight: 2160 },
    sequence: { levelIdx: 13 },
  },
  {
    args: "320x180 -c:v libaom-av1 -pix_fmt yuv444p10le",
    av1C: "812040000a0a200000043cfeccdaf942",
    config: { codec: "av01.1.00M.10", codedWidth: 320, codedHeight: 180 },
    sequence: { profile: 1, bitDepth: 10, subsamplingX: false, subsamplingY: false },
  },
  {
    args: "640x360 -c:v libaom-av1 -pix_fmt yuv420p10le -color_primaries bt2020 -color_trc smpte2084 -colorspace bt2020nc",
    av1C: "81014c000a0e0000000cc4ff6736be5424402410",
    config: { codec: "av01.0.01M.10", codedWidth: 640, codedHeight: 360 },
    sequence: { bitDepth: 10, colour: { primaries: 9, transfer: 16, matrix: 9, fullRange: false } },
  },
  {
    args: "320x240 -c:v libaom-av1 -pix_fmt yuv422p12le",
    av1C: "814068000a0b400000043cffbcdaf96220",
    config: { codec: "av01.2.00M.12", codedWidth: 320, codedHeight: 240 },
    sequence: { profile: 2, bitDepth: 12, subsamplingX: true, subsamplingY: false },
  },
  {
    args: "320x240 -c:v libaom-av1 -pix_fmt gbrp",
    av1C: "812000000a0d200000043cffbcdaf92021a004",
    config: { codec: "av01.1.00M.08", codedWidth: 320, codedHeight: 240 },
    sequence: {
      subsamplingX: false,
      subsamplingY: false,
      colour: { primaries: 1, transfer: 13, matrix: 0, fullRange: true },
    },
  },
  {
    args: "320x240 -c:v libaom-av1 -pix_fmt gray",
    av1C: "81001c000a0a000000043cffbcdaf92a",
    config: { codec: "av01.0.00M.08", codedWidth: 320, codedHeight: 240 },
    sequence: { monochrome: true, colour: { primaries: 2, transfer: 2, matrix: 2, fullRange: true } },
  },
  {
    args: "320x180 -c:v libaom-av1 -still-picture 1",
    av1C: "81000c000a071821e7f66d8040",
    config: { codec: "av01.0.00M.08", codedWidth: 320, codedHeight: 180 },
    sequence: { reducedStillPictureHeader: true },
  },
];

describe("readAv1Config", () => {
  it.each(VECTORS)("$args", ({ av1C, config, sequence }) => {
    const bytes = fromHex(av1C);
    if (bytes.length > 4) expect(readAv1Config(av1ConfigOf(bytes.subarray(4)))).toMatchObject(config);
    expect(readAv1Config(bytes)).toEqual({ ...config, reorderDepth: 0, description: bytes });
    expect(av1SequenceOf(bytes.subarray(4))).toMatchObject(sequence);
  });

  it("does without a sequence header", () => {
    const config = { codedWidth: 0, codedHeight: 0, reorderDepth: 0 };
    expect(readAv1Config(fromHex("81010c00"))).toMatchObject({ ...config, codec: "av01.0.01M.08" });
    expect(readAv1Config(fromHex("812cc000"))).toMatchObject({ ...config, codec: "av01.1.12H.10" });
    expect(readAv1Config(fromHex("814de000"))).toMatchObject({ ...config, codec: "av01.2.13H.12" });
  });

  it.each([
    ["no bytes", "", "truncated"],
    ["no marker", "01010c00", "malformed"],
    ["another version", "82010c00", "unsupported"],
    ["a record cut short", "81010c", "truncated"],
    ["a sequence header cut short", "81010c000a030000", "truncated"],
    ["a reserved profile", "81010c000a0b6000000cc4ff6736be4010", "malformed"],
  ])("refuses %s", (_what, hex, code) => {
    expect(() => readAv1Config(fromHex(hex))).toThrow(expect.objectContaining({ name: "MediaError", code }));
  });
});

describe("parseAv1Sequence", () => {
  /** A 64x48 sequence header with timing, decoder model and several operating points. */
  function build(equalInterval: boolean): Uint8Array {
    const bits = new BitWriter();
    bits.bits(0, 3); // seq_profile
    bits.bits(0b00, 2); // still_picture, reduced_still_picture_header
    bits.bits(1, 1); // timing_info_present_flag
    bits.bits(1001, 32);
    bits.bits(120000, 32);
    bits.bits(equalInterval ? 1 : 0, 1);
    if (equalInterval) bits.bits(0b011, 3); // num_ticks_per_picture_minus_1 = 2
    bits.bits(1, 1); // decoder_model_info_present_flag
    bits.bits(9, 5);
    bits.bits(1, 32);
    bits.bits(0, 10);
    bits.bits(1, 1); // initial_display_delay_present_flag
    bits.bits(2, 5); // three operating points
    for (const [level, tier] of [
      [14, 1],
      [5, 0],
      [31, 1],
    ] as const) {
      bits.bits(0x101, 12);
      bits.bits(level, 5);
      if (level > 7) bits.bits(tier, 1);
      bits.bits(1, 1);
      bits.bits(0x155, 10);
      bits.bits(0x2aa, 10);
      bits.bits(1, 1);
      bits.bits(1, 1);
      bits.bits(3, 4);
    }
    bits.bits(5, 4);
    bits.bits(5, 4);
    bits.bits(63, 6);
    bits.bits(47, 6);
    bits.bits(1, 1); // frame_id_numbers_present_flag
    bits.bits(0x55, 7);
    bits.bits(0, 3);
    bits.bits(0b1111, 4);
    bits.bits(1, 1); // enable_order_hint
    bits.bits(0b11, 2);
    bits.bits(0b01, 2); // seq_force_screen_content_tools = 1
    bits.bits(0b01, 2); // seq_force_integer_mv = 1
    bits.bits(6, 3);
    bits.bits(0b111, 3);
    bits.bits(0, 1); // high_bitdepth
    bits.bits(0, 1); // mono_chrome
    bits.bits(1, 1);
    for (const code of [9, 18, 9]) bits.bits(code, 8);
    bits.bits(1, 1); // color_range
    return bits.finish();
  }

  it("reads timing and operating points", () => {
    const sequence = parseAv1Sequence(build(true));
    expect(sequence).toMatchObject({ levelIdx: 14, highTier: true, width: 64, height: 48, bitDepth: 8 });
    expect(sequence.colour).toEqual({ primaries: 9, transfer: 18, matrix: 9, fullRange: true });
    expect(sequence.frameRate).toBe(120000 / (3 * 1001));
  });

  it("knows no rate where pictures come at varying intervals", () => {
    const sequence = parseAv1Sequence(build(false));
    expect(sequence).toMatchObject({ width: 64, height: 48 });
    expect(sequence).not.toHaveProperty("frameRate");
  });
});

describe("splitObus", () => {
  it("takes sized units, extensions and an unsized last one", () => {
    const metadata = new Uint8Array(129).fill(7);
    const unit = concatBytes([fromHex("1200 2e08 8101"), metadata, fromHex("30 1122")]);
    const obus = splitObus(unit);
    expect(obus.map((obu) => obu.type)).toEqual([2, 5, 6]);
    expect(obus.map((obu) => obu.payload)).toEqual([new Uint8Array(0), metadata, fromHex("1122")]);
    expect(concatBytes(obus.map((obu) => obu.bytes))).toEqual(unit);
  });

  it.each([
    ["a size past the end", "3205 1020", "truncated"],
    ["a size cut short", "3285", "truncated"],
    ["a size of nine bytes", "32 808080808080808000", "malformed"],
    ["a size of more than 32 bits", "32 ffffffff7f", "malformed"],
    ["the forbidden bit", "b200", "malformed"],
  ])("refuses %s", (_what, hex, code) => {
    expect(() => splitObus(fromHex(hex))).toThrow(expect.objectContaining({ code }));
  });

  it("accepts sizes padded to eight bytes", () => {
    expect(splitObus(fromHex("32 8180808080808000 aa"))[0]?.payload).toEqual(fromHex("aa"));
  });
});

describe("isAv1Key", () => {
  // Starts of temporal units of the 1280x720 file above, cut inside their frame.
  it.each([
    ["sequence header and key frame", "0a0b0000002d4cffb3cfbf9004 3204 10 0085a0", true],
    [
      "temporal delimiter, sequence header and key frame",
      "1200 0a0b0000002d4cffb3cfbf9004 3204 100085a0",
      true,
    ],
    ["a key frame without sequence header", "3204 100085a0", true],
    ["an inter frame", "3204 7c280800", false],
    ["an earlier frame shown again", "1a01d8", false],
    ["an intra-only frame", "3204 50000000", false],
    ["a switch frame", "3204 70000000", false],
    ["a hidden key frame", "3204 00000000", false],
    ["the frame of a still picture", "0a071821e7f66d8040 3204 0a4c8002", true],
    ["metadata alone", "2a020401", false],
    ["nothing", "", false],
  ])("%s", (_what, hex, key) => {
    expect(isAv1Key(fromHex(hex))).toBe(key);
  });

  it("reads frame headers of their own, and behind an extension byte", () => {
    expect([OBU_SEQUENCE_HEADER, OBU_FRAME_HEADER, OBU_FRAME]).toEqual([1, 3, 6]);
    expect(isAv1Key(fromHex("1a0210 00"))).toBe(true);
    expect(isAv1Key(fromHex("3600 02 1000"))).toBe(true);
    expect(() => isAv1Key(fromHex("3200"))).toThrow(expect.objectContaining({ code: "truncated" }));
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BitWriter } from "../bytes/bits.js";
import { concatBytes, fromHex, toHex } from "../bytes/bytes.js";
import { avcConfigOf, isAvcKey, parseAvcRecord, readAvcConfig } from "./avc.js";
import { parseAvcSps } from "./avc-sps.js";

/**
 * The avcC that FFmpeg 5.1 wrote for `ffmpeg -f lavfi -i testsrc2=size=SIZE:rate=RATE -frames:v 3 -c:v libx264 ARGS
 * x.mp4` (read back with `ffprobe -show_data`), and what ffprobe says about the file: width, height, frame rate,
 * has_b_frames.
 */
const VECTORS = [
  {
    args: "1280x720 30 -profile:v high",
    avcC: "0164001fffe1001a6764001facd9405005bb0110000003001000000303c0f183196001000668ebe3cb22c0fdf8f800",
    config: { codec: "avc1.64001f", codedWidth: 1280, codedHeight: 720, frameRate: 30, reorderDepth: 2 },
    sps: { profileIdc: 100, levelIdc: 31, chromaFormatIdc: 1, bitDepthLuma: 8, maxNumRefFrames: 4 },
  },
  {
    args: "1920x1080 60000/1001 -profile:v main -level 4.2",
    avcC: "014d402affe10018674d402aeca03c0113f2e022000007d20003a9801e30632c01000568ebe3cb20",
    config: {
      codec: "avc1.4d402a",
      codedWidth: 1920,
      codedHeight: 1080,
      frameRate: 60000 / 1001,
      reorderDepth: 2,
    },
    sps: { profileIdc: 77, constraints: 0x40, levelIdc: 42 },
  },
  {
    args: "640x360 25 -profile:v baseline",
    avcC: "0142c01effe100196742c01ed900a02ff97011000003000100000300320f162e4801000568cb83cb20",
    config: { codec: "avc1.42c01e", codedWidth: 640, codedHeight: 360, frameRate: 25, reorderDepth: 0 },
    sps: { profileIdc: 66, constraints: 0xc0, levelIdc: 30, frameMbsOnly: true },
  },
  {
    args: "640x360 25 -preset ultrafast -tune zerolatency",
    avcC: "0142c01effe100196742c01eda0280bfe5c044000003000400000300ca3c58ba8001000468ce0fc8",
    config: { codec: "avc1.42c01e", codedWidth: 640, codedHeight: 360, frameRate: 25, reorderDepth: 0 },
    sps: { maxNumRefFrames: 1 },
  },
  {
    args: "320x242 25 -pix_fmt yuv422p10le",
    avcC: "017a000dffe1001b677a000db6cd9414087e3f011000000300100000030320f142996001000668ebe3cb22c0fefafa00",
    config: { codec: "avc1.7a000d", codedWidth: 320, codedHeight: 242, frameRate: 25, reorderDepth: 2 },
    sps: { profileIdc: 122, chromaFormatIdc: 2, bitDepthLuma: 10, bitDepthChroma: 10 },
  },
  {
    args: "320x240 25 -pix_fmt yuv444p",
    avcC: "01f4000dffe1001967f4000d919b28283f6022000003000200000300641e28532c01000668ebe3c44844fff8f800",
    config: { codec: "avc1.f4000d", codedWidth: 320, codedHeight: 240, frameRate: 25, reorderDepth: 2 },
    sps: { profileIdc: 244, chromaFormatIdc: 3 },
  },
  {
    args: "320x240 25 -pix_fmt gray",
    avcC: "0164000dffe100196764000df3650507ec05b2000003000200000300641e28532c01000668ebe3cb22c0fcf8f800",
    config: { codec: "avc1.64000d", codedWidth: 320, codedHeight: 240, frameRate: 25, reorderDepth: 2 },
    sps: { chromaFormatIdc: 0, colour: { primaries: 2, transfer: 2, matrix: 2, fullRange: true } },
  },
  {
    args: "720x576 25 -flags +ildct+ilme -x264-params interlaced=1",
    avcC: "0164001effe100186764001eacd940b424d8088000000300800000190f8a14cb01000668fba3cb22c0fdf8f800",
    config: { codec: "avc1.64001e", codedWidth: 720, codedHeight: 576, frameRate: 25, reorderDepth: 2 },
    sps: { frameMbsOnly: false },
  },
  {
    args: "1920x1080 30000/1001 -x264-params tff=1",
    avcC: "01640028ffe1001967640028acd94078044fde022000007d20001d4c03e2c5b2c001000668fba3cb22c0fdf8f800",
    config: {
      codec: "avc1.640028",
      codedWidth: 1920,
      codedHeight: 1080,
      frameRate: 30000 / 1001,
      reorderDepth: 2,
    },
    sps: { frameMbsOnly: false },
  },
  {
    args: "320x240 25 -pix_fmt yuv420p10le -g 1",
    avcC: "016e100dffe10015676e100da6cb8283f602200000030020000006408001000568ee0f2c8bfdfafa00",
    config: { codec: "avc1.6e100d", codedWidth: 320, codedHeight: 240, frameRate: 25, reorderDepth: 0 },
    sps: { profileIdc: 110, constraints: 0x10 },
  },
  {
    args: "176x144 15 -pix_fmt yuv420p -x264-params cqm=jvt:bframes=3",
    avcC: "0164000affe100186764000aacd942c4ec0440000003004000000783c489658001000768ebe3cb3002c0fdf8f800",
    config: { codec: "avc1.64000a", codedWidth: 176, codedHeight: 144, frameRate: 15, reorderDepth: 2 },
    sps: {},
  },
  {
    args: "640x480 24000/1001 -x264-params nal-hrd=cbr:vbv-maxrate=1000:vbv-bufsize=1000:bitrate=1000:bframes=2",
    avcC:
      "0164001effe100236764001eacd940a03db01100000303e90000bb80604000f424001e84e4c30078b16cb0" +
      "01000568ebecb22cfdf8f800",
    config: {
      codec: "avc1.64001e",
      codedWidth: 640,
      codedHeight: 480,
      frameRate: 24000 / 1001,
      reorderDepth: 2,
    },
    sps: { fixedFrameRate: false },
  },
  {
    args: "176x144 15 -profile:v baseline -x264-params level=1b",
    avcC: "0142d00bffe100166742d00bd902c4ec0440000003004000000783c4899201000568cb83cb20",
    config: { codec: "avc1.42d00b", codedWidth: 176, codedHeight: 144, frameRate: 15, reorderDepth: 0 },
    sps: { levelIdc: 11, constraints: 0xd0 },
  },
  {
    args: "702x576 50 -x264-params sar=16/11:overscan=show:videoformat=pal:colorprim=bt470bg:transfer=bt709:colormatrix=bt470bg:chromaloc=2",
    avcC:
      "0164001fffe1001e6764001facd940b0127af04a5050105b70000003001000000640f183196001000668ebe3cb22c0" +
      "fdf8f800",
    config: { codec: "avc1.64001f", codedWidth: 702, codedHeight: 576, frameRate: 50, reorderDepth: 2 },
    sps: { colour: { primaries: 5, transfer: 1, matrix: 5, fullRange: false } },
  },
];

describe("readAvcConfig", () => {
  it.each(VECTORS)("x264 $args", ({ avcC, config, sps }) => {
    const bytes = fromHex(avcC);
    expect(readAvcConfig(bytes)).toEqual({ ...config, nalLengthSize: 4, description: bytes });
    const record = parseAvcRecord(bytes);
    expect(parseAvcSps(record.sps[0] as Uint8Array)).toMatchObject(sps);
    expect(toHex(avcConfigOf(record.sps, record.pps))).toBe(avcC);
  });

  it("keeps a copy of the record", () => {
    const bytes = fromHex(VECTORS[0]?.avcC ?? "");
    const { description } = readAvcConfig(bytes);
    bytes.fill(0);
    expect(toHex(description as Uint8Array)).toBe(VECTORS[0]?.avcC);
  });

  it("does without the high-profile extension, and with junk in its place", () => {
    const whole = fromHex(VECTORS[0]?.avcC ?? "");
    const bare = whole.subarray(0, -4);
    for (const avcC of [bare, concatBytes([bare, fromHex("fd")]), concatBytes([whole, fromHex("0102")])]) {
      expect(readAvcConfig(avcC)).toMatchObject({ codedWidth: 1280, reorderDepth: 2 });
    }
  });

  it("reads several parameter sets, SPS extensions and short NAL lengths", () => {
    const { sps, pps } = parseAvcRecord(fromHex(VECTORS[0]?.avcC ?? ""));
    const other = parseAvcRecord(fromHex(VECTORS[1]?.avcC ?? ""));
    const built = avcConfigOf([...sps, ...other.sps], [...pps, ...other.pps]);
    built[4] = 0xfc; // lengths of one byte
    built[built.length - 1] = 1;
    const record = parseAvcRecord(concatBytes([built, fromHex("0002 6d80")]));
    expect(record.nalLengthSize).toBe(1);
    expect(record.sps).toEqual([...sps, ...other.sps]);
    expect(record.pps).toEqual([...pps, ...other.pps]);
    expect(record.spsExtensions).toEqual([fromHex("6d80")]);
  });

  it.each([
    ["no bytes", "", "truncated"],
    ["another version", "0264001fffe1", "unsupported"],
    ["a NAL length of three bytes", "0164001ffee100", "malformed"],
    ["no SPS", "0164001fffe000", "malformed"],
    ["an empty SPS", "0164001fffe1000000", "truncated"],
    ["a PPS in the SPS's place", "0164001fffe10005 68ebe3cb22 00", "malformed"],
    ["an SPS cut short", "0164001fffe1001a 6764001facd9405005bb", "truncated"],
  ])("refuses %s", (_what, hex, code) => {
    expect(() => readAvcConfig(fromHex(hex))).toThrow(expect.objectContaining({ name: "MediaError", code }));
  });
});

/** Syntax elements of an SPS to write; those left out are the common ones of a progressive 1280x720 stream. */
interface SpsFields {
  profile?: number;
  constraints?: number;
  level?: number;
  format?: (bits: BitWriter) => void;
  poc?: (bits: BitWriter) => void;
  widthInMbs?: number;
  heightInMapUnits?: number;
  crop?: readonly [left: number, right: number, top: number, bottom: number];
  vui?: (bits: BitWriter) => void;
}

function ue(bits: BitWriter, value: number): void {
  const length = Math.floor(Math.log2(value + 1));
  bits.bits(0, length);
  bits.bits(value + 1, length + 1);
}

function se(bits: BitWriter, value: number): void {
  ue(bits, value > 0 ? 2 * value - 1 : -2 * value);
}

function pocType0(bits: BitWriter): void {
  ue(bits, 0);
  ue(bits, 0);
}

function buildSps(fields: SpsFields): Uint8Array {
  const bits = new BitWriter();
  bits.bits(0x67, 8);
  bits.bits(fields.profile ?? 77, 8);
  bits.bits(fields.constraints ?? 0, 8);
  bits.bits(fields.level ?? 31, 8);
  ue(bits, 0); // seq_parameter_set_id
  fields.format?.(bits);
  ue(bits, 0); // log2_max_frame_num_minus4
  (fields.poc ?? pocType0)(bits);
  ue(bits, 1); // max_num_ref_frames
  bits.bits(0, 1);
  ue(bits, (fields.widthInMbs ?? 80) - 1);
  ue(bits, (fields.heightInMapUnits ?? 45) - 1);
  bits.bits(0b11, 2); // frame_mbs_only_flag, direct_8x8_inference_flag
  bits.bits(fields.crop === undefined ? 0 : 1, 1);
  for (const offset of fields.crop ?? []) ue(bits, offset);
  bits.bits(fields.vui === undefined ? 0 : 1, 1);
  fields.vui?.(bits);
  bits.bits(1, 1); // rbsp_stop_one_bit
  return escapeNal(bits.finish());
}

function escapeNal(rbsp: Uint8Array): Uint8Array {
  const out: number[] = [];
  for (const byte of rbsp) {
    if (byte <= 3 && out.at(-1) === 0 && out.at(-2) === 0) out.push(3);
    out.push(byte);
  }
  return Uint8Array.from(out);
}

/** A VUI of nothing but timing and, given a number, a bitstream restriction with that max_num_reorder_frames. */
function vui(unitsInTick: number, timeScale: number, reorder?: number): (bits: BitWriter) => void {
  return (bits) => {
    bits.bits(0, 4);
    bits.bits(1, 1);
    bits.bits(unitsInTick, 32);
    bits.bits(timeScale, 32);
    bits.bits(0b1000, 4); // fixed_frame_rate_flag, two HRDs, pic_struct_present_flag
    bits.bits(reorder === undefined ? 0 : 1, 1);
    if (reorder === undefined) return;
    bits.bits(1, 1);
    for (const value of [0, 0, 10, 10, reorder, 4]) ue(bits, value);
  };
}

describe("parseAvcSps", () => {
  it("infers the reorder depth where the encoder does not state it", () => {
    // MaxDpbMbs of level 3.1 is 18000; 720p has 3600 macroblocks.
    expect(parseAvcSps(buildSps({})).reorderDepth).toBe(5);
    expect(parseAvcSps(buildSps({ level: 40 })).reorderDepth).toBe(9);
    expect(parseAvcSps(buildSps({ level: 62 })).reorderDepth).toBe(16);
    expect(parseAvcSps(buildSps({ vui: vui(1, 50) })).reorderDepth).toBe(5);
    // Level 1b: 396 macroblocks, of which QCIF has 99; level 1.1 has 900.
    const qcif = { widthInMbs: 11, heightInMapUnits: 9, level: 11 };
    expect(parseAvcSps(buildSps(qcif)).reorderDepth).toBe(9);
    expect(parseAvcSps(buildSps({ ...qcif, constraints: 0x10 })).reorderDepth).toBe(4);
    // Neither an unknown level nor one that is too low says anything.
    expect(parseAvcSps(buildSps({ level: 99 })).reorderDepth).toBe(16);
    expect(parseAvcSps(buildSps({ level: 10 })).reorderDepth).toBe(16);
  });

  it("knows streams that cannot reorder", () => {
    const format = (bits: BitWriter): void => {
      for (const value of [1, 0, 0]) ue(bits, value);
      bits.bits(0, 2);
    };
    expect(parseAvcSps(buildSps({ profile: 100, format, constraints: 0x10 })).reorderDepth).toBe(0);
    expect(parseAvcSps(buildSps({ profile: 100, format })).reorderDepth).toBe(5);
    expect(parseAvcSps(buildSps({ poc: (bits) => ue(bits, 2) })).reorderDepth).toBe(0);
    expect(parseAvcSps(buildSps({ poc: (bits) => ue(bits, 2), vui: vui(1, 50, 2) })).reorderDepth).toBe(0);
    expect(parseAvcSps(buildSps({ vui: vui(1, 50, 1) })).reorderDepth).toBe(1);
  });

  it("reads picture order count type 1", () => {
    const poc = (cycle: number) => (bits: BitWriter) => {
      ue(bits, 1);
      bits.bits(0, 1);
      se(bits, -3);
      se(bits, 2);
      ue(bits, cycle);
      for (let i = 0; i < Math.min(cycle, 255); i++) se(bits, i - 100);
    };
    expect(parseAvcSps(buildSps({ poc: poc(255) }))).toMatchObject({ width: 1280, height: 720 });
    expect(() => parseAvcSps(buildSps({ poc: poc(256) }))).toThrow(
      /num_ref_frames_in_pic_order_cnt_cycle is 256/,
    );
  });

  it("passes scaling lists: whole, cut short and repeated", () => {
    const format = (bits: BitWriter): void => {
      ue(bits, 3); // 4:4:4, so twelve lists
      bits.bits(0, 1);
      ue(bits, 2);
      ue(bits, 0);
      bits.bits(0, 1);
      bits.bits(1, 1);
      for (let list = 0; list < 12; list++) {
        bits.bits(list % 3 === 2 ? 0 : 1, 1);
        if (list % 3 === 0) for (let i = 0; i < (list < 6 ? 16 : 64); i++) se(bits, i % 2 === 0 ? 1 : -1);
        if (list % 3 === 1) se(bits, -8);
      }
    };
    const sps = parseAvcSps(buildSps({ profile: 244, format, crop: [1, 2, 3, 4] }));
    expect(sps).toMatchObject({ chromaFormatIdc: 3, bitDepthLuma: 10, bitDepthChroma: 8 });
    expect([sps.width, sps.height]).toEqual([1277, 713]);
  });

  it("crops in chroma samples", () => {
    const sps = parseAvcSps(buildSps({ crop: [1, 2, 3, 4] }));
    expect([sps.width, sps.height]).toEqual([1274, 706]);
    expect(() => parseAvcSps(buildSps({ crop: [0, 640, 0, 0] }))).toThrow(/no picture/);
    expect(() => parseAvcSps(buildSps({ crop: [0, 2 ** 31, 0, 0] }))).toThrow(/no picture/);
    expect(() => parseAvcSps(buildSps({ widthInMbs: 4096 }))).toThrow(
      expect.objectContaining({ code: "limit" }),
    );
  });

  it("takes a clock rate for no frame rate", () => {
    expect(parseAvcSps(buildSps({ vui: vui(1, 90000) }))).not.toHaveProperty("frameRate");
    expect(parseAvcSps(buildSps({ vui: vui(0, 50) }))).not.toHaveProperty("frameRate");
    expect(parseAvcSps(buildSps({ vui: vui(1, 0) }))).not.toHaveProperty("frameRate");
    expect(parseAvcSps(buildSps({ vui: vui(1001, 60000) })).frameRate).toBe(30000 / 1001);
  });

  it("keeps what stands before damage in the VUI", () => {
    const whole = buildSps({ vui: vui(1, 50, 1) });
    expect(parseAvcSps(whole)).toMatchObject({ frameRate: 25, fixedFrameRate: true, reorderDepth: 1 });
    const cut = parseAvcSps(whole.subarray(0, -3));
    expect(cut).toMatchObject({ width: 1280, frameRate: 25, reorderDepth: 5 });
    // max_num_reorder_frames above max_dec_frame_buffering is nonsense.
    expect(parseAvcSps(buildSps({ vui: vui(1, 50, 9) }))).toMatchObject({ frameRate: 25, reorderDepth: 5 });
  });
});

describe("avcConfigOf", () => {
  it("refuses what the record cannot hold", () => {
    const sps = buildSps({});
    expect(() => avcConfigOf([], [])).toThrow(expect.objectContaining({ code: "malformed" }));
    expect(() => avcConfigOf(Array(32).fill(sps), [])).toThrow(expect.objectContaining({ code: "limit" }));
    expect(() => avcConfigOf([sps], [new Uint8Array(65536)])).toThrow(
      expect.objectContaining({ code: "limit" }),
    );
    expect(parseAvcRecord(avcConfigOf(Array(31).fill(sps), Array(255).fill(sps))).pps).toHaveLength(255);
  });

  it("is read back", () => {
    const sps = buildSps({});
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 255 }), (pps) => {
        expect(parseAvcRecord(avcConfigOf([sps], pps))).toMatchObject({ nalLengthSize: 4, sps: [sps], pps });
      }),
      { seed: 2, numRuns: 30 },
    );
  });
});

describe("isAvcKey", () => {
  // From the 1280x720 file above: packet 1 begins with an SEI and an IDR slice, packet 2 with a P slice.
  it.each([
    ["SEI and IDR slice", "00000003 0605ff 00000004 65888400", true],
    ["access unit delimiter, SPS, PPS, IDR", "00000002 09f0 00000001 67 00000001 68 00000002 6588", true],
    ["a P slice", "00000004 419a216c", false],
    ["recovery point SEI and I slice", "00000005 0606018480 00000004 41888400", false],
    ["a B slice that nothing refers to", "00000003 019e41", false],
    ["no slice", "00000003 0605ff", false],
    ["nothing", "", false],
  ])("%s", (_what, hex, key) => {
    expect(isAvcKey(fromHex(hex), 4)).toBe(key);
  });

  it("reads the length size that it is told", () => {
    expect(isAvcKey(fromHex("0002 6588"), 2)).toBe(true);
    expect(isAvcKey(fromHex("02 6588"), 1)).toBe(true);
    expect(() => isAvcKey(fromHex("0002 6588"), 4)).toThrow(expect.objectContaining({ code: "truncated" }));
  });
});

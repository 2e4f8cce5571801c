import { describe, expect, it } from "vitest";
import { BitWriter } from "../bytes/bits.js";
import { concatBytes, fromHex } from "../bytes/bytes.js";
import { hevcCodecString, isHevcKey, parseHevcRecord, readHevcConfig } from "./hevc.js";
import { parseHevcSps, vpsFrameRate } from "./hevc-sps.js";

/**
 * The hvcC that FFmpeg 5.1 wrote for `ffmpeg -f lavfi -i testsrc2=size=SIZE:rate=RATE -frames:v 3 -c:v libx265
 * -tag:v hvc1 -x265-params info=0:PARAMS ARGS x.mp4`, and what ffprobe says about the file.
 */
const VECTORS = [
  {
    args: "1280x720 25",
    hvcC:
      "0101600000009000000000005df000fcfdf8f800000f03a00001001840010c01ffff0160000003009000000300000300" +
      "5d959809a10001002b42010101600000030090000003000003005da00280802d165959a4932bc05a0200000300020000" +
      "03003210a2000100074401c172b46240",
    config: { codec: "hvc1.1.6.L93.90", codedWidth: 1280, codedHeight: 720, frameRate: 25, reorderDepth: 2 },
    sps: { chromaFormatIdc: 1, bitDepthLuma: 8 },
  },
  {
    args: "1918x1078 30000/1001 -pix_fmt yuv420p10le",
    hvcC:
      "01022000000090000000000078f000fcfdfafa00000f03a00001001840010c01ffff0220000003009000000300000300" +
      "78959809a10001002b420101022000000300900000030000030078a003c08010e754d96566924caf01680800001f4800" +
      "03a98040a2000100074401c172b46240",
    config: {
      codec: "hvc1.2.4.L120.90",
      codedWidth: 1918,
      codedHeight: 1078,
      frameRate: 30000 / 1001,
      reorderDepth: 2,
    },
    sps: { bitDepthLuma: 10, bitDepthChroma: 10 },
  },
  {
    args: "320x240 25 -pix_fmt yuv444p",
    hvcC:
      "0104080000009e08000000003cf000fcfff8f800000f03a00001001740010c01ffff0408000003009e0800000300003c" +
      "959809a1000100284201010408000003009e0800000300003c90014101e2cb2b349265780b40400000030040000006" +
      "42a2000100084401c172860c4624",
    config: {
      codec: "hvc1.4.10.L60.9E.8",
      codedWidth: 320,
      codedHeight: 240,
      frameRate: 25,
      reorderDepth: 2,
    },
    sps: { chromaFormatIdc: 3 },
  },
  {
    args: "322x242 25 -pix_fmt yuv422p10le PARAMS bframes=0",
    hvcC:
      "0104080000009d08000000003cf000fcfefafa00000f03a00001001740010c01ffff0408000003009d0800000300003c" +
      "928090a10001002a4201010408000003009d0800000300003cb00a480f9c93b6592a4932bc05a020000003002000000" +
      "30321a2000100074401c172b46240",
    config: {
      codec: "hvc1.4.10.L60.9D.8",
      codedWidth: 322,
      codedHeight: 242,
      frameRate: 25,
      reorderDepth: 0,
    },
    sps: { chromaFormatIdc: 2 },
  },
  {
    args: "320x240 25 -pix_fmt gray",
    hvcC:
      "0104080000009fc8000000003cf000fcfcf8f800000f03a00001001740010c01ffff0408000003009fc800000300003c" +
      "959809a1000100294201010408000003009fc800000300003cc028203c596566924caf016c0800000300080000030" +
      "0c840a2000100074401c172b46240",
    config: {
      codec: "hvc1.4.10.L60.9F.C8",
      codedWidth: 320,
      codedHeight: 240,
      frameRate: 25,
      reorderDepth: 2,
    },
    sps: { chromaFormatIdc: 0, colour: { primaries: 2, transfer: 2, matrix: 2, fullRange: true } },
  },
  {
    args: "640x360 30 PARAMS temporal-layers=1:bframes=7:b-pyramid=1",
    hvcC:
      "0101600000009000000000003ff000fcfdf8f800001303a00001001d40010c02ffff0160000003009000000300000300" +
      "3f000095892b120480a10001002f42010201600000030090000003000003003f0000a0050201696595892b1324995e" +
      "02d010000003001000000301e080a2000100074401c172b46240",
    config: { codec: "hvc1.1.6.L63.90", codedWidth: 640, codedHeight: 360, frameRate: 30, reorderDepth: 2 },
    sps: {},
  },
  {
    args: "640x360 25 PARAMS hrd=1:vbv-maxrate=1000:vbv-bufsize=1000",
    hvcC:
      "0101600000009000000000003ff000fcfdf8f800000f04a00001001840010c01ffff0160000003009000000300000300" +
      "3f959809a10001003542010101600000030090000003000003003fa00502016965959a4932bc05a020000003002000" +
      "0003032c0292cbc001e848003d0910a2000100074401c172b4624027000100064e0181010f80",
    config: { codec: "hvc1.1.6.L63.90", codedWidth: 640, codedHeight: 360, frameRate: 25, reorderDepth: 2 },
    sps: {},
  },
  {
    args: "640x360 25 PARAMS scaling-list=default",
    hvcC:
      "0101600000009000000000003ff000fcfdf8f800000f03a00001001840010c01ffff0160000003009000000300000300" +
      "3f959809a10001002b42010101600000030090000003000003003fa00502016965959a49395e02d010000003001000" +
      "0003019080a2000100074401c172b46240",
    config: { codec: "hvc1.1.6.L63.90", codedWidth: 640, codedHeight: 360, frameRate: 25, reorderDepth: 2 },
    sps: {},
  },
  {
    args: "1366x768 30000/1001 -pix_fmt yuv420p10le PARAMS sar=16:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc",
    hvcC:
      "01022000000090000000000078f000fcfdfafa00000f03a00001001840010c01ffff0220000003009000000300000300" +
      "78959809a10001002d420101022000000300900000030000030078a002ac80301d6d96566924caf106a1220120800001" +
      "f480003a9804a2000100074401c172b46240",
    config: {
      codec: "hvc1.2.4.L120.90",
      codedWidth: 1366,
      codedHeight: 768,
      frameRate: 30000 / 1001,
      reorderDepth: 2,
    },
    sps: { colour: { primaries: 9, transfer: 16, matrix: 9, fullRange: false } },
  },
];

describe("readHevcConfig", () => {
  it.each(VECTORS)("x265 $args", ({ hvcC, config, sps }) => {
    const bytes = fromHex(hvcC);
    expect(readHevcConfig(bytes)).toEqual({ ...config, nalLengthSize: 4, description: bytes });
    const record = parseHevcRecord(bytes);
    expect([record.vps, record.sps, record.pps].map((nals) => nals.length)).toEqual([1, 1, 1]);
    expect(parseHevcSps(record.sps[0] as Uint8Array)).toMatchObject(sps);
  });

  it("accepts version 0, which the drafts had", () => {
    const bytes = fromHex(VECTORS[0]?.hvcC ?? "");
    bytes[0] = 0;
    expect(readHevcConfig(bytes).codec).toBe("hvc1.1.6.L93.90");
  });

  it("takes the frame rate from the VPS where the SPS has none", () => {
    const record = parseHevcRecord(fromHex(VECTORS[0]?.hvcC ?? ""));
    const sps = buildSps({});
    const vps = buildVps(1001, 60000);
    expect(vpsFrameRate(vps)).toBe(60000 / 1001);
    expect(vpsFrameRate(record.vps[0] as Uint8Array)).toBeUndefined();
    expect(readHevcConfig(hvcCOf({ 32: [vps], 33: [sps] })).frameRate).toBe(60000 / 1001);
    expect(readHevcConfig(hvcCOf({ 33: [sps] }))).not.toHaveProperty("frameRate");
    // What the VPS says is advisory too.
    expect(readHevcConfig(hvcCOf({ 32: [vps.subarray(0, 9)], 33: [sps] }))).not.toHaveProperty("frameRate");
  });

  it.each([
    ["no bytes", new Uint8Array(0), "truncated"],
    ["another version", fromHex("02"), "unsupported"],
    ["no SPS", hvcCOf({ 34: [fromHex("4401c172")] }), "malformed"],
    ["an SPS cut short", hvcCOf({ 33: [fromHex("42010101600000")] }), "truncated"],
    ["an array longer than the record", hvcCOf({ 33: [fromHex("4201")] }).subarray(0, -1), "truncated"],
    ["65 parameter sets", hvcCOf({ 34: Array(65).fill(fromHex("4401")) }), "limit"],
  ])("refuses %s", (_what, hvcC, code) => {
    expect(() => readHevcConfig(hvcC)).toThrow(expect.objectContaining({ name: "MediaError", code }));
  });
});

describe("hevcCodecString", () => {
  // The examples of ISO/IEC 14496-15 section E.3, and one with everything set.
  it.each([
    [
      { profileSpace: 0, profileIdc: 1, compatibility: 0x60000000, highTier: false, levelIdc: 93 },
      "b0",
      "hvc1.1.6.L93.B0",
    ],
    [
      { profileSpace: 1, profileIdc: 4, compatibility: 0x08000000, highTier: true, levelIdc: 150 },
      "",
      "hvc1.A4.10.H150",
    ],
    [
      { profileSpace: 3, profileIdc: 31, compatibility: 1, highTier: true, levelIdc: 255 },
      "000000000001",
      "hvc1.C31.80000000.H255.0.0.0.0.0.1",
    ],
  ])("%o %s", (fields, constraints, expected) => {
    const bytes = new Uint8Array(6);
    bytes.set(fromHex(constraints));
    expect(hevcCodecString({ ...fields, constraints: bytes })).toBe(expected);
  });
});

function ue(bits: BitWriter, ...values: readonly number[]): void {
  for (const value of values) {
    const length = Math.floor(Math.log2(value + 1));
    bits.bits(0, length);
    bits.bits(value + 1, length + 1);
  }
}

function se(bits: BitWriter, value: number): void {
  ue(bits, value > 0 ? 2 * value - 1 : -2 * value);
}

function escapeNal(rbsp: Uint8Array): Uint8Array {
  const out: number[] = [];
  for (const byte of rbsp) {
    if (byte <= 3 && out.at(-1) === 0 && out.at(-2) === 0) out.push(3);
    out.push(byte);
  }
  return Uint8Array.from(out);
}

function profileTierLevel(bits: BitWriter, subLayers: number): void {
  bits.bits(1, 8);
  bits.bits(0x60000000, 32);
  bits.bits(0x900000, 24);
  bits.bits(0, 24);
  bits.bits(93, 8);
  if (subLayers === 1) return;
  for (let i = 0; i < 8; i++) bits.bits(i < subLayers - 1 ? 0b11 : 0, 2);
  for (let i = 0; i < subLayers - 1; i++) for (let j = 0; j < 12; j++) bits.bits(0x55, 8);
}

interface SpsFields {
  subLayers?: number;
  chroma?: number;
  crop?: readonly number[];
  /** From scaling_list_enabled_flag to num_short_term_ref_pic_sets and its sets. */
  middle?: (bits: BitWriter) => void;
  longTerm?: number;
  vui?: (bits: BitWriter) => void;
}

function plainMiddle(bits: BitWriter): void {
  bits.bits(0, 4); // no scaling lists, AMP, SAO, PCM
  ue(bits, 0);
}

function buildSps(fields: SpsFields): Uint8Array {
  const { subLayers = 1, chroma = 1 } = fields;
  const bits = new BitWriter();
  bits.bits(0x4201, 16);
  bits.bits(0, 4);
  bits.bits(subLayers - 1, 3);
  bits.bits(1, 1);
  profileTierLevel(bits, subLayers);
  ue(bits, 0, chroma);
  if (chroma === 3) bits.bits(0, 1);
  ue(bits, 1280, 720);
  bits.bits(fields.crop === undefined ? 0 : 1, 1);
  ue(bits, ...(fields.crop ?? []));
  ue(bits, 0, 0, 4); // bit depths, log2_max_pic_order_cnt_lsb_minus4
  bits.bits(1, 1);
  for (let i = 0; i < subLayers; i++) ue(bits, 4, i, 0);
  ue(bits, 0, 3, 0, 3, 0, 0); // block sizes
  (fields.middle ?? plainMiddle)(bits);
  bits.bits(fields.longTerm === undefined ? 0 : 1, 1);
  if (fields.longTerm !== undefined) {
    ue(bits, fields.longTerm);
    for (let i = 0; i < Math.min(32, fields.longTerm); i++) bits.bits(0x155, 9);
  }
  bits.bits(0, 2);
  bits.bits(fields.vui === undefined ? 0 : 1, 1);
  fields.vui?.(bits);
  bits.bits(1, 1);
  return escapeNal(bits.finish());
}

/** A VUI with a default display window and timing. */
function vui(unitsInTick: number, timeScale: number): (bits: BitWriter) => void {
  return (bits) => {
    bits.bits(0, 4);
    bits.bits(0, 3);
    bits.bits(1, 1);
    ue(bits, 1, 2, 3, 4);
    bits.bits(1, 1);
    bits.bits(unitsInTick, 32);
    bits.bits(timeScale, 32);
  };
}

function buildVps(unitsInTick: number, timeScale: number): Uint8Array {
  const bits = new BitWriter();
  bits.bits(0x4001, 16);
  bits.bits(0b0000_11_000000_000_1, 16);
  bits.bits(0xffff, 16);
  profileTierLevel(bits, 1);
  bits.bits(1, 1);
  ue(bits, 4, 2, 0);
  bits.bits(1, 6); // vps_max_layer_id
  ue(bits, 1);
  bits.bits(0b11, 2);
  bits.bits(1, 1);
  bits.bits(unitsInTick, 32);
  bits.bits(timeScale, 32);
  bits.bits(0b001, 3);
  return escapeNal(bits.finish());
}

/** An hvcC of NAL units by type. */
function hvcCOf(arrays: Record<number, readonly Uint8Array[]>): Uint8Array {
  const parts = [fromHex("01 01 60000000 900000000000 5d f000 fc fd f8 f8 0000 0f")];
  parts.push(Uint8Array.of(Object.keys(arrays).length));
  for (const [type, nals] of Object.entries(arrays)) {
    parts.push(Uint8Array.of(Number(type), nals.length >> 8, nals.length & 255));
    for (const nal of nals) parts.push(Uint8Array.of(nal.length >> 8, nal.length & 255), nal);
  }
  return concatBytes(parts);
}

describe("parseHevcSps", () => {
  it("takes the reorder depth of the highest sub-layer", () => {
    expect(parseHevcSps(buildSps({ subLayers: 4, vui: vui(1, 30) }))).toMatchObject({
      reorderDepth: 3,
      frameRate: 30,
      profileTierLevel: { profileIdc: 1, levelIdc: 93, highTier: false },
    });
    expect(() => parseHevcSps(buildSps({ subLayers: 8 }))).toThrow(/sps_max_sub_layers_minus1/);
  });

  it("crops in chroma samples", () => {
    const sizes = [0, 1, 2, 3].map((chroma) => {
      const { width, height } = parseHevcSps(buildSps({ chroma, crop: [1, 2, 3, 4] }));
      return [width, height];
    });
    expect(sizes).toEqual([
      [1277, 713],
      [1274, 706],
      [1274, 713],
      [1277, 713],
    ]);
    expect(() => parseHevcSps(buildSps({ crop: [640, 0, 0, 0] }))).toThrow(/no picture/);
    expect(() => parseHevcSps(buildSps({ chroma: 4 }))).toThrow(/chroma_format_idc/);
  });

  it("finds the VUI behind scaling lists, PCM and reference picture sets", () => {
    const middle = (bits: BitWriter): void => {
      bits.bits(0b11, 2); // scaling lists, stated
      for (let sizeId = 0; sizeId < 4; sizeId++) {
        for (let matrix = 0; matrix < (sizeId === 3 ? 2 : 6); matrix++) {
          bits.bits(matrix % 2, 1);
          if (matrix % 2 === 0) ue(bits, 0);
          else {
            if (sizeId > 1) se(bits, 4);
            for (let i = 0; i < Math.min(64, 16 << (2 * sizeId)); i++) se(bits, (i % 5) - 2);
          }
        }
      }
      bits.bits(0b111, 3); // AMP, SAO, PCM
      bits.bits(0x77, 8);
      ue(bits, 0, 1);
      bits.bits(0, 1);
      ue(bits, 4);
      // -1, -3 | +2
      ue(bits, 2, 1);
      for (const step of [0, 1, 1]) {
        ue(bits, step);
        bits.bits(1, 1);
      }
      // Predicted with a difference of -1: -2, -4 | +1, and -1 for the set itself; -4 is dropped.
      bits.bits(0b11, 2);
      ue(bits, 0);
      bits.bits(0b1_00_1_1, 5);
      // Predicted from those three pictures, all kept, with +1; -1 becomes the picture itself, which does not count.
      bits.bits(0b10, 2);
      ue(bits, 0);
      bits.bits(0b1111, 4);
      // Predicted from -1 (of -2), 2 (of 1) and 1 (of the set): three pictures again, if the zero was left out.
      bits.bits(0b10, 2);
      ue(bits, 4);
      bits.bits(0b01_01_01_01, 8);
    };
    const sps = buildSps({ middle, longTerm: 2, vui: vui(1001, 24000) });
    expect(parseHevcSps(sps).frameRate).toBe(24000 / 1001);
  });

  it("still knows size and depth when what leads to the VUI is damaged", () => {
    const sets = (count: number) => (bits: BitWriter) => {
      bits.bits(0, 4);
      ue(bits, count);
      if (count > 64) return;
      for (let i = 0; i < count; i++) {
        if (i > 0) bits.bits(0, 1);
        ue(bits, 17, 0);
      }
    };
    for (const middle of [sets(65), sets(1)]) {
      const sps = parseHevcSps(buildSps({ middle, vui: vui(1, 25) }));
      expect(sps).toMatchObject({ width: 1280, height: 720, reorderDepth: 0 });
      expect(sps).not.toHaveProperty("frameRate");
    }
    expect(parseHevcSps(buildSps({ longTerm: 33, vui: vui(1, 25) }))).not.toHaveProperty("frameRate");
  });

  it("bounds what prediction may add to a reference picture set", () => {
    const middle = (bits: BitWriter): void => {
      bits.bits(0, 4);
      ue(bits, 64);
      ue(bits, 0, 0);
      for (let i = 1; i < 64; i++) {
        bits.bits(0b11, 2);
        ue(bits, 0);
        for (let j = 0; j < i; j++) bits.bits(1, 1);
      }
    };
    expect(parseHevcSps(buildSps({ middle, vui: vui(1, 25) }))).not.toHaveProperty("frameRate");
  });
});

describe("isHevcKey", () => {
  // First bytes of slices: 0x28 IDR_N_LP (x265 above), 0x02 TRAIL_R, 0x00 TRAIL_N, 0x2a CRA, 0x20 BLA, 0x10 RASL_N.
  it.each([
    ["IDR", "00000004 2801af1d", true],
    [
      "VPS, SPS, PPS, SEI and IDR",
      "00000002 4001 00000002 4201 00000002 4401 00000002 4e01 00000002 2601",
      true,
    ],
    ["CRA", "00000002 2a01", true],
    ["BLA", "00000002 2001", true],
    ["TRAIL_R", "00000004 0201d011", false],
    ["TRAIL_N", "00000004 0001e024", false],
    ["RASL_N", "00000002 1001", false],
    ["parameter sets alone", "00000002 4001", false],
    ["nothing", "", false],
  ])("%s", (_what, hex, key) => {
    expect(isHevcKey(fromHex(hex), 4)).toBe(key);
  });

  it("refuses lengths past the end", () => {
    expect(() => isHevcKey(fromHex("00000004 2801"), 4)).toThrow(
      expect.objectContaining({ code: "truncated" }),
    );
  });
});

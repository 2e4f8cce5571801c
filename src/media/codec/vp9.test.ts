import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concatBytes, fromHex } from "../bytes/bytes.js";
import {
  isVp9Key,
  parseVp9Header,
  readVp9Config,
  splitVp9,
  vp9CodecString,
  vp9ConfigOf,
  vp9SizeOf,
} from "./vp9.js";

describe("readVp9Config", () => {
  // The vpcC boxes' content as FFmpeg 5.1 wrote it with libvpx-vp9: yuv420p, yuv444p, yuv420p10le, yuv422p12le.
  it.each([
    ["01000000000b820202020000", "vp09.00.11.08"],
    ["01000000010b860202020000", "vp09.01.11.08"],
    ["01000000020ba20202020000", "vp09.02.11.10"],
    ["01000000030bc40202020000", "vp09.03.11.12"],
  ])("reads %s with and without the box's version and flags", (hex, codec) => {
    const box = fromHex(hex);
    const record = box.subarray(4);
    const config = { codec, codedWidth: 0, codedHeight: 0, reorderDepth: 0, description: record };
    expect(readVp9Config(box)).toEqual(config);
    expect(readVp9Config(record)).toEqual(config);
  });

  it("takes initialization data, which VP9 has none of, for what it is", () => {
    expect(readVp9Config(fromHex("000b820202020002 aabb")).codec).toBe("vp09.00.11.08");
  });

  it.each([
    ["no bytes", "", "truncated"],
    ["a record cut short", "000b8202020200", "truncated"],
    ["a length that contradicts the size", "000b820202020000 00", "malformed"],
    ["a reserved profile", "040b820202020000", "malformed"],
    ["a bit depth of 9", "000b920202020000", "malformed"],
  ])("refuses %s", (_what, hex, code) => {
    expect(() => readVp9Config(fromHex(hex))).toThrow(expect.objectContaining({ name: "MediaError", code }));
  });

  it("names a level that browsers accept where none is known", () => {
    expect(vp9CodecString(0, 0, 8)).toBe("vp09.00.10.08");
    expect(vp9CodecString(2, 62, 10)).toBe("vp09.02.62.10");
  });
});

// The first bytes of frames that libvpx-vp9 made of testsrc2.
const KEY_320X180 = fromHex("824983420013f00b360638241c184a00");
const INTER = fromHex("86004092f121400000907f91e44e8e35");
const FRAMES = [
  ["320x180 yuv420p", KEY_320X180, { profile: 0, key: true, bitDepth: 8, width: 320, height: 180 }],
  [
    "320x180 yuv444p",
    fromHex("a249834200027e0166c087048383094002126fe4"),
    { profile: 1, key: true, bitDepth: 8, width: 320, height: 180 },
  ],
  [
    "322x182 yuv420p10le",
    fromHex("92498342000a0805ab021c120e0c2c0006c86fb1"),
    { profile: 2, key: true, bitDepth: 10, width: 322, height: 182 },
  ],
  ["an inter frame", INTER, { profile: 0, key: false, showFrame: true }],
  ["a hidden inter frame", fromHex("84004092f121"), { key: false, showFrame: false }],
  ["an earlier frame shown again", fromHex("88"), { key: false, showExistingFrame: true }],
] as const;

describe("parseVp9Header", () => {
  it.each(FRAMES)("%s", (_what, frame, header) => {
    expect(parseVp9Header(frame)).toMatchObject(header);
    expect(isVp9Key(frame)).toBe(header.key);
    expect(vp9SizeOf(frame)).toEqual(
      "width" in header ? { width: header.width, height: header.height } : undefined,
    );
  });

  it("reads RGB and 12 bits", () => {
    // Profile 1, RGB: marker 10, profile bits 10, not shown again, key, shown, resilient; sync code; CS_RGB, reserved.
    expect(parseVp9Header(fromHex("a2 498342 e 013f 00b3 0".replaceAll(" ", "")))).toMatchObject({
      profile: 1,
      width: 320,
      height: 180,
    });
    // Profile 3 has one more header bit, then ten_or_twelve_bit.
    expect(parseVp9Header(fromHex("b1 24c1a1 48 013f00b300".replaceAll(" ", "")))).toMatchObject({
      profile: 3,
      bitDepth: 12,
    });
  });

  it.each([
    ["no bytes", "", "truncated"],
    ["no marker", "4249834200", "malformed"],
    ["no sync code", "8249834300", "malformed"],
    ["a profile above 3", "b8", "unsupported"],
    ["a key frame cut short", "824983420013f0", "truncated"],
  ])("refuses %s", (_what, hex, code) => {
    expect(() => vp9SizeOf(fromHex(hex))).toThrow(expect.objectContaining({ code }));
  });
});

/** A superframe (annex B): the frames, then marker, sizes (little-endian), marker. */
function superframe(frames: readonly Uint8Array[], sizeBytes: number): Uint8Array {
  const marker = 0xc0 | ((sizeBytes - 1) << 3) | (frames.length - 1);
  const index = [marker];
  for (const frame of frames) for (let i = 0; i < sizeBytes; i++) index.push((frame.length >> (8 * i)) & 255);
  return concatBytes([...frames, Uint8Array.of(...index, marker)]);
}

describe("splitVp9", () => {
  it("takes superframes apart", () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 255 }), { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 4 }),
        (frames, sizeBytes) => {
          expect(splitVp9(superframe(frames, sizeBytes))).toEqual(frames);
        },
      ),
      { seed: 3 },
    );
  });

  it("decides by the first frame of a superframe", () => {
    expect(isVp9Key(superframe([KEY_320X180, INTER], 2))).toBe(true);
    expect(vp9SizeOf(superframe([KEY_320X180, INTER], 2))).toEqual({ width: 320, height: 180 });
    expect(isVp9Key(superframe([INTER, KEY_320X180], 2))).toBe(false);
    // The index that libvpx wrote behind an alternate reference frame: two frames, sizes of two bytes.
    const [hidden, shown] = [new Uint8Array(0x165).fill(1), new Uint8Array(17).fill(2)];
    expect(splitVp9(concatBytes([hidden, shown, fromHex("c9 6501 1100 c9")]))).toEqual([hidden, shown]);
  });

  it("leaves alone what only ends like one", () => {
    const frame = concatBytes([INTER, fromHex("c1")]);
    expect(splitVp9(frame)).toEqual([frame]);
    expect(splitVp9(fromHex("c7"))).toEqual([fromHex("c7")]);
  });

  it("refuses sizes past the end, and nothing at all", () => {
    expect(() => splitVp9(fromHex("86 c0 02 c0"))).toThrow(expect.objectContaining({ code: "truncated" }));
    expect(() => splitVp9(new Uint8Array(0))).toThrow(expect.objectContaining({ code: "truncated" }));
    expect(isVp9Key(fromHex("c0 00 c0"))).toBe(false);
  });
});

describe("vp9ConfigOf", () => {
  it("makes a record that reads back as what a key frame says", () => {
    const made = (hex: string): unknown => readVp9Config(vp9ConfigOf(parseVp9Header(fromHex(hex)))).codec;
    expect(made("824983420013f00b360638241c184a00")).toBe("vp09.00.11.08");
    expect(made("92498342000a0805ab021c120e0c2c0006c86fb1")).toBe("vp09.02.11.10");
  });

  it("has the level of the size", () => {
    const level = (width: number, height: number): number | undefined =>
      vp9ConfigOf({ ...parseVp9Header(KEY_320X180), width, height })[1];
    expect([level(640, 360), level(1280, 720), level(1920, 1080), level(3840, 2160)]).toEqual([
      21, 31, 40, 50,
    ]);
    expect(level(65_536, 65_536)).toBe(62);
  });

  it("refuses other frames, and colours that are not 4:2:0", () => {
    expect(() => vp9ConfigOf(parseVp9Header(INTER))).toThrow("no key frame");
    expect(() => vp9ConfigOf(parseVp9Header(fromHex("a249834200027e0166c087048383094002126fe4")))).toThrow(
      "profile 1",
    );
  });
});

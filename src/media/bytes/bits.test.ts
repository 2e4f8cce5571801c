import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BitReader, BitWriter, unescapeNal } from "./bits.js";
import { fromHex } from "./bytes.js";

const truncated = expect.objectContaining({ name: "MediaError", code: "truncated" });

/** Bit strings such as "1 010 011" as bytes, filled up with zeros. */
function bitString(text: string): Uint8Array {
  const bits = new BitWriter();
  for (const bit of text.replaceAll(" ", "")) bits.bits(Number(bit), 1);
  return bits.finish();
}

describe("BitReader", () => {
  it("reads back what BitWriter wrote", () => {
    const field = fc
      .integer({ min: 0, max: 32 })
      .chain((count) =>
        fc.record({ count: fc.constant(count), value: fc.integer({ min: 0, max: 2 ** count - 1 }) }),
      );
    fc.assert(
      fc.property(fc.array(field, { maxLength: 30 }), (fields) => {
        const writer = new BitWriter();
        for (const { value, count } of fields) writer.bits(value, count);
        const bytes = writer.finish();
        const length = fields.reduce((sum, { count }) => sum + count, 0);
        expect(bytes.length).toBe(Math.ceil(length / 8));
        const reader = new BitReader(bytes);
        for (const { value, count } of fields) expect(reader.bits(count)).toBe(value);
        expect(reader.remaining).toBe(8 * bytes.length - length);
      }),
      { seed: 1 },
    );
  });

  it("reads flags, skips, and stops at the end", () => {
    const reader = new BitReader(Uint8Array.of(0b1010_0000, 0xff));
    expect([reader.flag(), reader.flag(), reader.flag()]).toEqual([true, false, true]);
    reader.skip(5);
    expect(reader.bits(8)).toBe(255);
    expect(reader.remaining).toBe(0);
    expect(reader.bits(0)).toBe(0);
    reader.skip(0);
    expect(() => reader.flag()).toThrow(truncated);
    expect(() => reader.bits(1)).toThrow(truncated);
    expect(() => reader.skip(1)).toThrow(truncated);
    expect(() => reader.skip(-1)).toThrow(truncated);
  });

  it("leaves its place when it refuses", () => {
    const reader = new BitReader(Uint8Array.of(0xab));
    expect(() => reader.bits(9)).toThrow(truncated);
    expect(reader.bits(8)).toBe(0xab);
  });

  it("reads views of larger buffers", () => {
    expect(new BitReader(fromHex("ff12ff").subarray(1, 2)).bits(8)).toBe(0x12);
  });

  // ITU-T H.264 tables 9-2 and 9-3.
  it.each([
    ["1", 0, 0],
    ["010", 1, 1],
    ["011", 2, -1],
    ["00100", 3, 2],
    ["00101", 4, -2],
    ["0001010", 9, 5],
    [`${"0".repeat(16)}1${"0".repeat(16)}`, 65535, 32768],
    [`${"0".repeat(31)}1${"1".repeat(31)}`, 2 ** 32 - 2, -(2 ** 31 - 1)],
    [`${"0".repeat(32)}1${"0".repeat(32)}`, 2 ** 32 - 1, 2 ** 31],
  ])("reads the Exp-Golomb code %s", (text, unsigned, signed) => {
    expect(new BitReader(bitString(text)).ue()).toBe(unsigned);
    // toBe tells 0 from -0, which a sum would hide and a comparison of bytes would not.
    expect(new BitReader(bitString(text)).se()).toBe(signed);
  });

  it("refuses Exp-Golomb codes that are too long or cut short", () => {
    expect(() => new BitReader(new Uint8Array(100)).ue()).toThrow(
      expect.objectContaining({ code: "malformed" }),
    );
    expect(() => new BitReader(new Uint8Array(2)).ue()).toThrow(truncated);
    expect(() => new BitReader(Uint8Array.of(0b0000_0001)).ue()).toThrow(truncated);
  });
});

describe("unescapeNal", () => {
  it.each([
    ["", ""],
    ["67640003", "67640003"],
    ["00000300", "000000"],
    ["000003000003000003", "000000000000"],
    ["00000303", "000003"],
    ["0000000300000301", "000000000001"],
    ["ff000003", "ff0000"],
    ["000103", "000103"],
    ["00000400", "00000400"],
  ])("%s becomes %s", (nal, rbsp) => {
    expect(unescapeNal(fromHex(nal))).toEqual(fromHex(rbsp));
  });

  it("undoes what an encoder does", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0, 0, 0, 1, 2, 3, 4, 255), { maxLength: 40 }), (rbsp) => {
        const nal: number[] = [];
        for (const byte of rbsp) {
          if (byte <= 3 && nal.at(-1) === 0 && nal.at(-2) === 0) nal.push(3);
          nal.push(byte);
        }
        expect(unescapeNal(Uint8Array.from(nal))).toEqual(Uint8Array.from(rbsp));
      }),
      { seed: 2 },
    );
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concatBytes, equalBytes, fromHex, toHex, u24At, u32At } from "./bytes.js";

describe("bytes", () => {
  it("are joined in order, into an array of their own", () => {
    const part = Uint8Array.of(1, 2);
    const whole = concatBytes([part, new Uint8Array(0), Uint8Array.of(3)]);
    part.fill(9);
    expect(whole).toEqual(Uint8Array.of(1, 2, 3));
    expect(concatBytes([])).toEqual(new Uint8Array(0));
    expect(concatBytes([part])).not.toBe(part);
  });

  it("are read as unsigned numbers, most significant byte first", () => {
    const bytes = fromHex("00fffefdfc01");
    expect([u24At(bytes, 1), u24At(bytes, 3)]).toEqual([0xfffefd, 0xfdfc01]);
    expect([u32At(bytes, 0), u32At(bytes, 1)]).toEqual([0x00fffefd, 0xfffefdfc]);
  });

  it("are equal when length and every byte are", () => {
    expect(equalBytes(fromHex("0102"), fromHex("000102").subarray(1))).toBe(true);
    expect(equalBytes(fromHex("0102"), fromHex("0103"))).toBe(false);
    expect(equalBytes(fromHex("0102"), fromHex("010203"))).toBe(false);
    expect(equalBytes(new Uint8Array(0), new Uint8Array(0))).toBe(true);
  });

  it("become hexadecimal digits and come back", () => {
    expect(toHex(Uint8Array.of(0, 0x0a, 0xff))).toBe("000aff");
    expect(fromHex(" 00 0A\nfF ")).toEqual(Uint8Array.of(0, 0x0a, 0xff));
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(fromHex(toHex(bytes))).toEqual(bytes);
      }),
      { seed: 5 },
    );
  });

  it.each(["0", "012", "0g", "0x12", "-1"])("are not what %s stands for", (text) => {
    expect(() => fromHex(text)).toThrow(TypeError);
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHex } from "../bytes/bytes.js";
import { ByteWriter } from "../bytes/writer.js";
import { MediaError } from "../model/error.js";
import { findNal, type NalLengthSize, nalLengthSizeOf, splitNals } from "./nal.js";

function join(nals: readonly Uint8Array[], size: NalLengthSize): Uint8Array {
  const out = new ByteWriter();
  for (const nal of nals) {
    if (size === 1) out.u8(nal.length);
    else if (size === 2) out.u16(nal.length);
    else out.u32(nal.length);
    out.write(nal);
  }
  return out.finish();
}

describe("length-prefixed NAL units", () => {
  it("come apart as they were joined, for each length size", () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { maxLength: 8 }),
        fc.constantFrom<NalLengthSize>(1, 2, 4),
        (nals, size) => {
          expect(splitNals(join(nals, size), size)).toEqual(nals);
        },
      ),
      { seed: 1 },
    );
  });

  it("leave out empty units", () => {
    expect(splitNals(fromHex("00000000 00000001 65 00000000"), 4)).toEqual([fromHex("65")]);
  });

  it.each([
    ["a unit longer than the rest", "00000003 6588"],
    ["a length cut short", "00000001 65 0000"],
    ["a length near 2^32", "ffffffff 65"],
  ])("refuse %s", (_what, hex) => {
    expect(() => splitNals(fromHex(hex), 4)).toThrow(expect.objectContaining({ code: "truncated" }));
  });

  it("are searched only as far as needed", () => {
    const data = fromHex("00000001 09 00000001 65 ffffffff");
    expect(findNal(data, 4, (byte) => byte === 0x65)).toBe(0x65);
    expect(() => findNal(data, 4, () => false)).toThrow(MediaError);
    expect(findNal(data.subarray(0, 5), 4, () => false)).toBeUndefined();
  });

  it("have lengths of one, two or four bytes", () => {
    expect([0, 1, 3].map(nalLengthSizeOf)).toEqual([1, 2, 4]);
    expect(() => nalLengthSizeOf(2)).toThrow(expect.objectContaining({ code: "malformed" }));
  });
});

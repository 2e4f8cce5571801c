import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHex } from "../bytes/bytes.js";
import { ByteWriter } from "../bytes/writer.js";
import { MediaError } from "../model/error.js";
import { findNal, type NalLengthSize, nalLengthSizeOf, splitAnnexB, splitNals } from "./nal.js";

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

describe("a byte stream of NAL units", () => {
  it("comes apart as it was joined, with start codes of any length", () => {
    // No start code within a unit, and no zero byte at its end: emulation prevention and the trailing bit see to that.
    const unit = fc
      .uint8Array({ minLength: 1, maxLength: 60 })
      .map((bytes) => bytes.map((byte, i) => (byte <= 3 && (bytes[i - 1] ?? 9) <= 3 ? 9 : byte)))
      .map((bytes) => Uint8Array.of(...bytes, 0x80));
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 6 }), fc.array(fc.nat(4), { minLength: 7 }), (nals, zeros) => {
        const parts = nals.flatMap((nal, i) => [
          ...new Array<number>(zeros[i] ?? 0).fill(0),
          0,
          0,
          1,
          ...nal,
        ]);
        expect(splitAnnexB(Uint8Array.from([...parts, ...new Array<number>(zeros[6] ?? 0).fill(0)]))).toEqual(
          nals,
        );
      }),
      { seed: 2 },
    );
  });

  it("has none where there is no start code", () => {
    for (const hex of ["", "00", "0001", "00000165".slice(2), "650000", "000001", "00000000000001 0000"]) {
      expect(splitAnnexB(fromHex(hex))).toEqual([]);
    }
    expect(splitAnnexB(fromHex("6588 000001 65"))).toEqual([fromHex("65")]);
  });
});

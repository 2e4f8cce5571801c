import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../bytes/bytes.js";
import { MediaError } from "../../model/error.js";
import { decodeAmf3, encodeAmf3 } from "./amf3.js";
import type { AmfValue } from "./value.js";

function decodeHex(hex: string): AmfValue[] {
  return decodeAmf3(fromHex(hex));
}

function failure(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof MediaError) return error.code;
    throw error;
  }
  return "none";
}

describe("decodeAmf3", () => {
  it("reads every kind of value", () => {
    expect(decodeHex("00 01 02 03")).toEqual([undefined, null, false, true]);
    expect(decodeHex("05 3ff8000000000000")).toEqual([1.5]);
    expect(decodeHex("06 07 616263 06 01")).toEqual(["abc", ""]);
    expect(decodeHex("07 09 3c612f3e 0b 09 3c612f3e")).toEqual(["<a/>", "<a/>"]);
    expect(decodeHex("08 01 4270000000000000")).toEqual([new Date(2 ** 40)]);
    expect(decodeHex("0c 05 0102")).toEqual([Uint8Array.of(1, 2)]);
    expect(decodeHex("09 05 01 01 03")).toEqual([[null, true]]);
  });

  it("reads 29-bit integers of every length, signed", () => {
    const cases: [string, number][] = [
      ["00", 0],
      ["7f", 127],
      ["8100", 128],
      ["ff7f", 16_383],
      ["818000", 16_384],
      ["ffff7f", 2_097_151],
      ["80c08000", 2_097_152],
      ["bfffffff", 268_435_455],
      ["c0808000", -268_435_456],
      ["ffffffff", -1],
    ];
    for (const [hex, value] of cases) {
      expect(decodeHex(`04 ${hex}`)).toEqual([value]);
      expect(toHex(encodeAmf3([value]))).toBe(`04${hex}`);
    }
  });

  it("reads an array with names as an object", () => {
    expect(decodeHex("09 03 03 61 01 01 03")).toEqual([{ a: null, "0": true }]);
  });

  it("reads sealed and dynamic members, traits and strings by reference", () => {
    // { a: null } sealed; the same traits; a dynamic object whose names are string references.
    const [first, second, third] = decodeHex("0a 13 01 03 61 01  0a 01 03  0a 0b 01 00 03 03 62 02 01");
    expect(first).toEqual({ a: null });
    expect(second).toEqual({ a: true });
    expect(third).toEqual({ a: true, b: false });
  });

  it("resolves references to dates, arrays, bytes and objects in one table", () => {
    const [date, bytes, again, bytesAgain] = decodeHex("08 01 4270000000000000 0c 03 07 08 00 0c 02");
    expect(again).toBe(date);
    expect(bytesAgain).toBe(bytes);
  });

  it("refuses cycles and references to nothing", () => {
    expect(failure(() => decodeHex("0a 0b 01 03 61 0a 00 01"))).toBe("malformed");
    expect(failure(() => decodeHex("09 03 01 09 00"))).toBe("malformed");
    expect(failure(() => decodeHex("0a 02"))).toBe("malformed");
    expect(failure(() => decodeHex("0a 05"))).toBe("malformed");
    expect(failure(() => decodeHex("06 00"))).toBe("malformed");
  });

  it("refuses a long string by reference many times over", () => {
    const text = `06 818001 ${"61".repeat(0x2000)}`;
    expect(failure(() => decodeHex(text + "0600".repeat(100)))).toBe("none");
    expect(failure(() => decodeHex(text + "0600".repeat(200)))).toBe("limit");
  });

  it("refuses externalizable objects, vectors and dictionaries", () => {
    expect(failure(() => decodeHex("0a 07 03 41"))).toBe("unsupported");
    for (const marker of ["0d", "0e", "0f", "10", "11", "12"]) {
      expect(failure(() => decodeHex(`${marker} 01`))).toBe("unsupported");
    }
  });

  it("believes no count beyond the bytes", () => {
    expect(failure(() => decodeHex("09 ffffffff 01"))).toBe("truncated");
    expect(failure(() => decodeHex("0a fffffff3 01"))).toBe("truncated");
    expect(failure(() => decodeHex("0c ffffffff"))).toBe("truncated");
  });

  it("keeps __proto__ a name", () => {
    const [object] = decodeAmf3(encodeAmf3([JSON.parse('{"__proto__":1}')]));
    expect(Object.getPrototypeOf(object)).toBeNull();
    expect(Object.keys(object as object)).toEqual(["__proto__"]);
  });

  it("stops at 32 levels", () => {
    expect(failure(() => decodeHex(`${"09 03 01".repeat(32)}01`))).toBe("none");
    expect(failure(() => decodeHex(`${"09 03 01".repeat(33)}01`))).toBe("limit");
  });
});

describe("encodeAmf3", () => {
  it("writes what decodeAmf3 reads", () => {
    const value: fc.Arbitrary<AmfValue> = fc.letrec<{ value: AmfValue }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 5, withCrossShrink: true },
        fc.double(),
        fc.integer(),
        fc.boolean(),
        fc.string({ unit: "grapheme" }),
        fc.constantFrom(null, undefined),
        fc.date({ noInvalidDate: true }),
        fc.uint8Array(),
        fc.array(tie("value")),
        fc.dictionary(fc.string({ minLength: 1 }), tie("value"), { noNullPrototype: false }),
      ),
    })).value;
    fc.assert(
      fc.property(fc.array(value), (values) => {
        expect(decodeAmf3(encodeAmf3(values))).toEqual(values);
      }),
      { seed: 20_240_102 },
    );
  });

  it("refuses an empty name, which would end the object", () => {
    expect(failure(() => encodeAmf3([{ "": 1 }]))).toBe("unsupported");
  });
});

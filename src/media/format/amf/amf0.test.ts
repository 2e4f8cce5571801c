import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concatBytes, fromHex, toHex } from "../../bytes/bytes.js";
import { ByteWriter } from "../../bytes/writer.js";
import { MediaError } from "../../model/error.js";
import { decodeAmf0, encodeAmf0, writeAmf0EcmaArray } from "./amf0.js";
import type { AmfValue } from "./value.js";
import { encodeText } from "./value.js";

function decodeHex(hex: string): AmfValue[] {
  return decodeAmf0(fromHex(hex));
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

describe("decodeAmf0", () => {
  it("reads every kind of value", () => {
    expect(decodeHex("00 3ff8000000000000")).toEqual([1.5]);
    expect(decodeHex("01 01  01 00")).toEqual([true, false]);
    expect(decodeHex("02 0003 616263")).toEqual(["abc"]);
    expect(decodeHex("0c 00000003 616263")).toEqual(["abc"]);
    expect(decodeHex("0f 00000004 3c612f3e")).toEqual(["<a/>"]);
    expect(decodeHex("05 06 0d")).toEqual([null, undefined, undefined]);
    expect(decodeHex("0b 4270000000000000 0000")).toEqual([new Date(2 ** 40)]);
    expect(decodeHex("03 0001 61 05 0001 62 01 01 0000 09")).toEqual([{ a: null, b: true }]);
    expect(decodeHex("10 0003 466f6f 0001 61 05 0000 09")).toEqual([{ a: null }]);
    expect(decodeHex("0a 00000002 05 01 01")).toEqual([[null, true]]);
  });

  it("goes by an ECMA array's end marker, not by its count", () => {
    for (const count of ["00000000", "00000001", "ffffffff"]) {
      expect(decodeHex(`08 ${count} 0001 61 05 0001 62 05 0000 09 05`)).toEqual([{ a: null, b: null }, null]);
    }
  });

  it("takes an ECMA array whose end marker is missing at the very end", () => {
    expect(decodeHex("08 00000001 0001 61 05")).toEqual([{ a: null }]);
    expect(failure(() => decodeHex("03 0001 61 05"))).toBe("truncated");
  });

  it("takes an empty name that is not the end", () => {
    expect(decodeHex("03 0000 05 0000 09")).toEqual([{ "": null }]);
  });

  it("resolves references to complete objects, counted from 0", () => {
    const [whole] = decodeHex("0a 00000002 03 0001 61 05 0000 09 07 0001") as [AmfValue[]];
    expect(whole).toEqual([{ a: null }, { a: null }]);
    expect(whole[0]).toBe(whole[1]);
  });

  it("refuses a reference to nothing, to itself, and to what contains it", () => {
    expect(failure(() => decodeHex("07 0000"))).toBe("malformed");
    expect(failure(() => decodeHex("0a 00000001 07 0000"))).toBe("malformed");
    expect(failure(() => decodeHex("03 0001 61 03 0001 62 07 0000 0000 09 0000 09"))).toBe("malformed");
  });

  it("refuses references that expand without bound", () => {
    // Each array holds the one before twice: 40 of them would be 2^40 values.
    const parts = [fromHex("0a 00000100"), fromHex("0a 00000001 05")];
    for (let i = 1; i < 40; i++) {
      const place = i.toString(16).padStart(4, "0");
      parts.push(fromHex(`0a 00000002 07 ${place} 07 ${place}`));
    }
    expect(failure(() => decodeAmf0(concatBytes([...parts, new Uint8Array(256).fill(5)])))).toBe("limit");
  });

  it("switches to AMF3 and back", () => {
    expect(decodeHex("11 04 05 05 11 06 03 61 11 06 00")).toEqual([5, null, "a", "a"]);
  });

  it("stops at 32 levels, in AMF3 too", () => {
    const nested = (levels: number): Uint8Array =>
      concatBytes([fromHex("0a 00000001".repeat(levels)), fromHex("05")]);
    expect(failure(() => decodeAmf0(nested(32)))).toBe("none");
    expect(failure(() => decodeAmf0(nested(33)))).toBe("limit");
    const amf3 = concatBytes([
      fromHex("0a 00000001".repeat(20)),
      fromHex("11"),
      fromHex("09 03 01".repeat(20)),
      fromHex("01"),
    ]);
    expect(failure(() => decodeAmf0(amf3))).toBe("limit");
  });

  it("counts values", () => {
    expect(failure(() => decodeAmf0(new Uint8Array(65_536).fill(5)))).toBe("none");
    expect(failure(() => decodeAmf0(new Uint8Array(65_537).fill(5)))).toBe("limit");
    expect(failure(() => decodeAmf0(new Uint8Array(4).fill(5), { maxValues: 3 }))).toBe("limit");
  });

  it("believes no count beyond the bytes", () => {
    expect(failure(() => decodeHex("0a ffffffff 05"))).toBe("truncated");
    expect(failure(() => decodeHex("0c ffffffff 61"))).toBe("truncated");
  });

  it("refuses reserved markers", () => {
    for (const marker of ["04", "0e", "09", "12", "ff"])
      expect(failure(() => decodeHex(marker))).toBe("unsupported");
  });

  it("keeps __proto__ a name", () => {
    const bytes = encodeAmf0([JSON.parse('{"__proto__":{"polluted":1},"constructor":2}')]);
    const [object] = decodeAmf0(bytes) as [Record<string, AmfValue>];
    expect(Object.getPrototypeOf(object)).toBeNull();
    expect(Object.keys(object)).toEqual(["__proto__", "constructor"]);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(encodeAmf0([object])).toEqual(bytes);
  });

  it("replaces what is not UTF-8", () => {
    expect(decodeHex("02 0002 c4e3")).toEqual(["\ufffd\ufffd"]);
  });
});

describe("encodeAmf0", () => {
  it("writes a long string beyond 65,535 bytes", () => {
    expect(toHex(encodeAmf0(["a".repeat(0xffff)]).subarray(0, 4))).toBe("02ffff61");
    expect(toHex(encodeAmf0(["a".repeat(0x10000)]).subarray(0, 6))).toBe("0c0001000061");
  });

  it("refuses a cycle and a name that does not fit", () => {
    const cycle: AmfValue[] = [];
    cycle.push(cycle);
    expect(failure(() => encodeAmf0([cycle]))).toBe("limit");
    expect(failure(() => encodeAmf0([{ ["a".repeat(0x10000)]: 1 }]))).toBe("limit");
  });

  it("writes an ECMA array with its true count", () => {
    const out = new ByteWriter();
    writeAmf0EcmaArray(out, { a: null });
    expect(toHex(out.finish())).toBe("0800000001000161050000" + "09");
  });

  it("writes what decodeAmf0 reads", () => {
    fc.assert(
      fc.property(fc.array(amfValue()), (values) => {
        expect(decodeAmf0(encodeAmf0(values))).toEqual(values);
      }),
      { seed: 20_240_101 },
    );
  });

  it("survives any cut", () => {
    const bytes = encodeAmf0([
      "connect",
      1,
      { app: "live", list: [1, new Date(5), { x: "y" }], b: encodeText("abc") },
    ]);
    for (let length = 0; length < bytes.length; length++) {
      const code = failure(() => decodeAmf0(bytes.subarray(0, length)));
      expect(["none", "truncated"]).toContain(code);
    }
  });
});

function amfValue(): fc.Arbitrary<AmfValue> {
  return fc.letrec<{ value: AmfValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      fc.double(),
      fc.boolean(),
      fc.string({ unit: "grapheme" }),
      fc.constantFrom(null, undefined),
      fc.date({ noInvalidDate: true }),
      fc.uint8Array(),
      fc.array(tie("value")),
      fc.dictionary(fc.string({ minLength: 1 }), tie("value"), { noNullPrototype: false }),
    ),
  })).value;
}

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MediaError } from "../model/error.js";
import { fromBase64, toBase64 } from "./base64.js";

describe("base64", () => {
  it("is what everybody writes (property)", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const text = toBase64(bytes);
        expect(text).toBe(Buffer.from(bytes).toString("base64"));
        expect(fromBase64(text)).toEqual(bytes);
        expect(fromBase64(text.replaceAll("=", ""))).toEqual(bytes);
      }),
      { seed: 6 },
    );
  });

  it("refuses what is none", () => {
    for (const text of ["A", "AAAAA", "A-_A", "AA=A", "A A=", "AA==="]) {
      expect(() => fromBase64(text)).toThrow(MediaError);
    }
  });
});

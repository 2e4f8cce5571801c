import { describe, expect, it } from "vitest";
import { toHex } from "./bytes.js";
import { ByteWriter } from "./writer.js";

describe("ByteWriter", () => {
  it("grows under every kind of field", () => {
    const fields: [string, (out: ByteWriter) => void][] = [
      ["ff", (out) => out.u8(0xff)],
      ["ff01", (out) => out.u16(0xff01)],
      ["ff0102", (out) => out.u24(0xff0102)],
      ["ff010203", (out) => out.u32(0xff010203)],
      ["030201ff", (out) => out.u32le(0xff010203)],
      ["0000000100000002", (out) => out.u64(2 ** 32 + 2)],
      ["3ff8000000000000", (out) => out.f64(1.5)],
      ["0102", (out) => out.write(Uint8Array.of(1, 2))],
    ];
    for (const [hex, write] of fields) {
      for (let initial = 0; initial < 9; initial++) {
        const out = new ByteWriter(initial);
        for (let i = 0; i < 5; i++) write(out);
        expect(toHex(out.finish())).toBe(hex.repeat(5));
      }
    }
  });
});

import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "./bytes.js";
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

  it("writes big-endian fields and grows from nothing", () => {
    const out = new ByteWriter(0);
    out.u8(1);
    out.u16(0x0203);
    out.u24(0x040506);
    out.u32(0xfffefdfc);
    out.u32le(0x0b0a0908);
    out.u64(Number.MAX_SAFE_INTEGER);
    out.f64(-2);
    out.write(fromHex("aabb"));
    out.write(new Uint8Array(0));
    expect(out.length).toBe(32);
    expect(toHex(out.finish())).toBe(
      "01020304 0506fffe fdfc0809 0a0b001f ffffffff ffffc000 00000000 0000aabb".replaceAll(" ", ""),
    );
  });

  it("takes two's complements of the same width, such as a composition time", () => {
    const out = new ByteWriter();
    out.u24(-40 & 0xffffff);
    out.u24(-40);
    out.u32(-2);
    expect(toHex(out.finish())).toBe("ffffd8ffffd8fffffffe");
  });

  it("sets what was written", () => {
    const out = new ByteWriter();
    out.u32(0);
    out.u24(0);
    out.setU32(0, 0x01020304);
    out.setU24(4, 0x050607);
    expect(toHex(out.peek())).toBe("01020304050607");
    expect(() => out.setU32(4, 0)).toThrow(RangeError);
    expect(() => out.setU24(5, 0)).toThrow(RangeError);
  });

  it("starts anew at finish and never touches what it handed out", () => {
    // Both ways out: most of the buffer in use, and a small part of it.
    for (const [initial, size] of [
      [16, 12],
      [1024, 12],
      [16, 100],
    ] as const) {
      const out = new ByteWriter(initial);
      out.write(new Uint8Array(size).fill(1));
      const first = out.finish();
      expect(out.length).toBe(0);
      expect(out.finish()).toEqual(new Uint8Array(0));
      out.write(new Uint8Array(size).fill(2));
      expect(first).toEqual(new Uint8Array(size).fill(1));
      expect(out.finish()).toEqual(new Uint8Array(size).fill(2));
      expect(first).toEqual(new Uint8Array(size).fill(1));
    }
  });

  it("hands out arrays that keep little else alive", () => {
    const out = new ByteWriter(4096);
    out.u8(1);
    expect(out.finish().buffer.byteLength).toBe(1);
    const large = new ByteWriter(16);
    large.write(new Uint8Array(1000));
    expect(large.finish().buffer.byteLength).toBeLessThanOrEqual(2000);
  });

  it("reserves in one step", () => {
    const out = new ByteWriter(4);
    out.u16(0x0102);
    out.reserve(1000);
    const { buffer } = out.peek();
    out.write(new Uint8Array(1000));
    expect(out.peek().buffer).toBe(buffer);
    expect(out.length).toBe(1002);
    expect(toHex(out.finish().subarray(0, 3))).toBe("010200");
  });
});

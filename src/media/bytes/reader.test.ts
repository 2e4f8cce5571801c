import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHex } from "./bytes.js";
import { ByteReader } from "./reader.js";
import { ByteWriter } from "./writer.js";

const truncated = expect.objectContaining({ name: "MediaError", code: "truncated" });

describe("ByteReader", () => {
  it("reads each kind of field", () => {
    const reader = new ByteReader(
      fromHex(
        "01 0203 fffe 040506 fffffe 800000 0708090a fffffffe 0b0c0d0e 0000000100000002 3ff8000000000000 aabb cc",
      ),
    );
    expect(reader.u8()).toBe(0x01);
    expect(reader.u16()).toBe(0x0203);
    expect(reader.i16()).toBe(-2);
    expect(reader.u24()).toBe(0x040506);
    expect(reader.i24()).toBe(-2);
    expect(reader.i24()).toBe(-(2 ** 23));
    expect(reader.u32()).toBe(0x0708090a);
    expect(reader.i32()).toBe(-2);
    expect(reader.u32le()).toBe(0x0e0d0c0b);
    expect(reader.u64()).toBe(2 ** 32 + 2);
    expect(reader.f64()).toBe(1.5);
    expect(reader.remaining).toBe(3);
    expect(reader.view(2)).toEqual(fromHex("aabb"));
    expect(reader.rest()).toEqual(fromHex("cc"));
    expect(reader.rest()).toEqual(new Uint8Array(0));
    expect(reader.position).toBe(reader.bytes.length);
  });

  it("reads 64-bit numbers up to 2^53 - 1", () => {
    expect(new ByteReader(fromHex("001fffffffffffff")).u64()).toBe(Number.MAX_SAFE_INTEGER);
    const limit = expect.objectContaining({ code: "limit" });
    expect(() => new ByteReader(fromHex("0020000000000000")).u64()).toThrow(limit);
    expect(() => new ByteReader(fromHex("ffffffffffffffff")).u64()).toThrow(limit);
  });

  it("reads views of larger buffers, and gives views", () => {
    const whole = fromHex("ff 01020304 ff");
    const reader = new ByteReader(whole.subarray(1, 5));
    expect(reader.u16()).toBe(0x0102);
    const view = reader.view(2);
    whole[3] = 9;
    expect(view).toEqual(fromHex("0904"));
  });

  it("refuses every read past the end, and stays where it is", () => {
    const reads: [number, (reader: ByteReader) => unknown][] = [
      [1, (reader) => reader.u8()],
      [2, (reader) => reader.u16()],
      [2, (reader) => reader.i16()],
      [3, (reader) => reader.u24()],
      [3, (reader) => reader.i24()],
      [4, (reader) => reader.u32()],
      [4, (reader) => reader.i32()],
      [4, (reader) => reader.u32le()],
      [8, (reader) => reader.u64()],
      [8, (reader) => reader.f64()],
      [5, (reader) => reader.view(5)],
      [5, (reader) => reader.skip(5)],
    ];
    for (const [length, read] of reads) {
      const reader = new ByteReader(new Uint8Array(length - 1));
      expect(() => read(reader)).toThrow(truncated);
      expect(reader.position).toBe(0);
      expect(() => read(new ByteReader(new Uint8Array(length)))).not.toThrow();
    }
    expect(() => new ByteReader(new Uint8Array(4)).view(-1)).toThrow(truncated);
  });

  it("reads back what ByteWriter wrote", () => {
    const fields = {
      u8: [fc.integer({ min: 0, max: 0xff }), (out: ByteWriter, value: number) => out.u8(value)],
      u16: [fc.integer({ min: 0, max: 0xffff }), (out: ByteWriter, value: number) => out.u16(value)],
      u24: [fc.integer({ min: 0, max: 0xffffff }), (out: ByteWriter, value: number) => out.u24(value)],
      u32: [fc.integer({ min: 0, max: 0xffffffff }), (out: ByteWriter, value: number) => out.u32(value)],
      u32le: [fc.integer({ min: 0, max: 0xffffffff }), (out: ByteWriter, value: number) => out.u32le(value)],
      u64: [fc.maxSafeNat(), (out: ByteWriter, value: number) => out.u64(value)],
      f64: [fc.double(), (out: ByteWriter, value: number) => out.f64(value)],
    } as const;
    const names = Object.keys(fields) as (keyof typeof fields)[];
    const one = fc
      .constantFrom(...names)
      .chain((name) => fields[name][0].map((value: number) => ({ name, value })));
    fc.assert(
      fc.property(fc.array(one, { maxLength: 40 }), (list) => {
        const out = new ByteWriter(1);
        for (const { name, value } of list) fields[name][1](out, value);
        const reader = new ByteReader(out.finish());
        for (const { name, value } of list) expect(reader[name]()).toBe(value);
        expect(reader.remaining).toBe(0);
      }),
      { seed: 3 },
    );
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toHex } from "../media/bytes/bytes.js";
import { ByteWriter } from "../media/bytes/writer.js";
import { crc32 } from "../media/format/nut/checksum.js";
import { nutFrameHeader, nutHeader, writeNutNumber } from "./nut.js";

// That FFmpeg reads what is written, pixel for pixel and time for time, is test/interop/av-transform.test.ts.

function written(value: number): Uint8Array {
  const writer = new ByteWriter(16);
  writeNutNumber(writer, value);
  return writer.finish();
}

describe("NUT", () => {
  it("writes numbers in as few bytes as hold them, seven bits each", () => {
    expect(toHex(written(0))).toBe("00");
    expect(toHex(written(127))).toBe("7f");
    expect(toHex(written(128))).toBe("8100");
    expect(toHex(written(Number.MAX_SAFE_INTEGER))).toBe("8fffffffffffff7f");
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        const bytes = written(value);
        expect(bytes.reduce((total, byte) => total * 128 + (byte & 0x7f), 0)).toBe(value);
        expect([...bytes].findIndex((byte) => byte < 0x80)).toBe(bytes.length - 1);
      }),
    );
    expect(() => written(-1)).toThrow(RangeError);
    expect(() => written(0.5)).toThrow(RangeError);
  });

  it("checks sums to zero over bytes and their checksum", () => {
    expect(crc32(new TextEncoder().encode("123456789"))).toBe(0x89a1_897f);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const writer = new ByteWriter(64);
        writer.write(bytes);
        writer.u32(crc32(bytes));
        expect(crc32(writer.finish())).toBe(0);
      }),
    );
  });

  it("begins with its name and a main header, and each frame with a syncpoint", () => {
    expect(new TextDecoder().decode(nutHeader(4, 2).subarray(0, 25))).toBe("nut/multimedia container\0");
    expect(toHex(nutHeader(4, 2)).slice(50, 66)).toBe("4e4d7a561f5f04ad");
    // Startcode, length, time 1,000,000, back pointer 0, checksum; frame code 1, time + 128, size 32, checksum.
    expect(toHex(nutFrameHeader(1_000_000, 32))).toMatch(
      /^4e4be4adeeca456908bd844000[0-9a-f]{8}01bd854020[0-9a-f]{8}$/,
    );
  });
});

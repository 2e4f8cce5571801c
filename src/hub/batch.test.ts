import { describe, expect, it } from "vitest";
import { text } from "../../test/support/toy-format.js";
import { Batch, type Framing } from "./batch.js";

const encode = (value: string): Uint8Array => new TextEncoder().encode(value);
const allocate = (length: number): Uint8Array => new Uint8Array(length);
const chunked: Framing = {
  prefix: (length) => encode(`${length.toString(16)}\r\n`),
  suffix: encode("\r\n"),
  allocate,
};
const bracketed: Framing = { prefix: () => encode("<"), suffix: encode(">"), allocate };

function batch(bytes: Uint8Array): Batch {
  const size = bytes.length;
  return new Batch({
    seq: 0,
    bytes,
    packets: [],
    key: false,
    tracks: [],
    dts: 0,
    receivedAt: 0,
    frames: 1,
    size,
    totalBytes: size,
    totalFrames: 1,
  });
}

describe("Batch", () => {
  it("puts a transport's framing around its bytes once, whoever asks", () => {
    const one = batch(encode("media"));
    const framed = one.framed(chunked);
    expect(text(framed)).toBe("5\r\nmedia\r\n");
    expect(one.framed(chunked)).toBe(framed);
    expect(text(one.framed(bracketed))).toBe("<media>");
    expect(one.framed(chunked)).toBe(framed);
  });

  it("is in memory once in its first framing", () => {
    const one = batch(encode("media"));
    const framed = one.framed(chunked);
    expect(one.bytes.buffer).toBe(framed.buffer);
    expect(text(one.bytes)).toBe("media");
  });

  it("frames in the transport's kind of array, and stays plain itself", () => {
    const one = batch(encode("media"));
    const framed = one.framed({ ...chunked, allocate: (length) => Buffer.alloc(length) });
    expect(Buffer.isBuffer(framed)).toBe(true);
    expect(Buffer.isBuffer(one.bytes)).toBe(false);
    expect(text(one.bytes)).toBe("media");
  });
});

import { describe, expect, it } from "vitest";
import { Batch } from "../../hub/batch.js";
import { HTTP_CHUNK, WEBSOCKET_BINARY } from "./framing.js";

function batchOf(length: number): Batch {
  const bytes = new Uint8Array(length).map((_, i) => i & 0xff);
  const common = { seq: 0, packets: [], key: false, tracks: [], dts: 0, receivedAt: 0, frames: 0 };
  return new Batch({ ...common, bytes, size: length, totalBytes: length, totalFrames: 0 });
}

const LENGTHS = [1, 15, 16, 125, 126, 127, 255, 256, 65_535, 65_536, 70_000];

describe("framings", () => {
  it.each(LENGTHS)("put %i bytes into an HTTP chunk", (length) => {
    const framed = Buffer.from(batchOf(length).framed(HTTP_CHUNK));
    const line = framed.indexOf("\r\n");
    expect(Number.parseInt(framed.toString("latin1", 0, line), 16)).toBe(length);
    expect(framed.subarray(line + 2, line + 2 + length).equals(batchOf(length).bytes)).toBe(true);
    expect(framed.toString("latin1", line + 2 + length)).toBe("\r\n");
  });

  it.each(LENGTHS)("put %i bytes into a WebSocket message with the shortest length there is", (length) => {
    const framed = Buffer.from(batchOf(length).framed(WEBSOCKET_BINARY));
    const short = framed.readUInt8(1);
    // Section 5.2: final, binary, not masked.
    expect([framed.readUInt8(0), short < 128]).toEqual([0x82, true]);
    const [head, said] =
      short < 126
        ? [2, short]
        : short === 126
          ? [4, framed.readUInt16BE(2)]
          : [10, Number(framed.readBigUInt64BE(2))];
    expect([head, said]).toEqual([length < 126 ? 2 : length < 65_536 ? 4 : 10, length]);
    expect(framed.subarray(head).equals(batchOf(length).bytes)).toBe(true);
  });

  it("write lengths above 4 GiB in eight bytes", () => {
    const prefix = WEBSOCKET_BINARY.prefix(2 ** 32 + 5);
    expect([...prefix]).toEqual([0x82, 127, 0, 0, 0, 1, 0, 0, 0, 5]);
  });
});

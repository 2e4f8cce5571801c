import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../bytes/bytes.js";
import { ByteWriter } from "../../bytes/writer.js";
import { openMessage, writeMessage } from "./chunk-writer.js";

function written(chunkStreamId: number, timestamp: number, body: string, chunkSize?: number): string {
  const out = new ByteWriter();
  writeMessage(out, chunkStreamId, 9, timestamp, 1, fromHex(body), chunkSize);
  return toHex(out.finish());
}

describe("writeMessage", () => {
  it("writes a full header, with the chunk stream id in its shortest form", () => {
    expect(written(6, 1, "aa")).toBe(toHex(fromHex("06 000001 000001 09 01000000 aa")));
    expect(written(63, 1, "aa").slice(0, 2)).toBe("3f");
    expect(written(64, 1, "aa").slice(0, 4)).toBe("0000");
    expect(written(319, 1, "aa").slice(0, 4)).toBe("00ff");
    expect(written(320, 1, "aa").slice(0, 6)).toBe("010001");
    expect(written(65_599, 1, "aa").slice(0, 6)).toBe("01ffff");
  });

  it("repeats an extended timestamp in every continuation", () => {
    expect(written(6, 0xfffffe, "aabbcc", 2)).toBe(toHex(fromHex("06 fffffe 000003 09 01000000 aabb c6 cc")));
    expect(written(6, 0xffffff, "aabbccddee", 2)).toBe(
      toHex(fromHex("06 ffffff 000005 09 01000000 00ffffff aabb c6 00ffffff ccdd c6 00ffffff ee")),
    );
  });

  it("writes the lower 32 bits of a timestamp", () => {
    expect(written(6, 2 ** 32 + 5, "aa")).toBe(written(6, 5, "aa"));
    expect(written(6, -1, "aa")).toBe(written(6, 2 ** 32 - 1, "aa"));
  });

  it("ends a body that fills its chunks without another header", () => {
    expect(written(6, 1, "aabb", 2)).toBe(toHex(fromHex("06 000001 000002 09 01000000 aabb")));
  });
});

describe("openMessage", () => {
  it("writes the same whatever parts the body comes in", () => {
    const body = "00112233445566778899";
    for (let cut = 0; cut <= 10; cut++) {
      const out = new ByteWriter();
      const message = openMessage(out, 400, 9, 0x1000000, 1, 3);
      message.write(fromHex(body).subarray(0, cut));
      message.write(fromHex(body).subarray(cut));
      message.close();
      expect(toHex(out.finish())).toBe(written(400, 0x1000000, body, 3));
    }
  });

  it("refuses a body that its length cannot say", () => {
    const message = openMessage(new ByteWriter(), 6, 9, 0, 1);
    message.write(new Uint8Array(0x100_0000));
    expect(() => message.close()).toThrow(RangeError);
  });
});

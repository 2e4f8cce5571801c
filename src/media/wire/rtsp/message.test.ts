import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concatBytes } from "../../bytes/bytes.js";
import { MediaError } from "../../model/error.js";
import { createRtspReader, encodeRtsp } from "./message.js";

const text = (lines: string): Uint8Array => new TextEncoder().encode(lines);

function frame(channel: number, data: Uint8Array): Uint8Array {
  return concatBytes([Uint8Array.of(0x24, channel, data.length >> 8, data.length & 0xff), data]);
}

function read(slices: readonly Uint8Array[]): unknown[] {
  const heard: unknown[] = [];
  const reader = createRtspReader({
    response: ({ status, reason, headers, body }) =>
      heard.push([status, reason, Object.fromEntries(headers), new TextDecoder().decode(body)]),
    request: ({ method, headers }) => heard.push([method, Object.fromEntries(headers)]),
    interleaved: (channel, data) => heard.push([channel, data.slice()]),
  });
  for (const slice of slices) {
    const own = slice.slice();
    reader.push(own);
    own.fill(0xee);
  }
  return heard;
}

const STREAM = concatBytes([
  text("RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic:  DESCRIBE, PLAY \r\nX: a\r\nX: b\r\n\r\n"),
  frame(0, Uint8Array.of(0x80, 13, 10, 13, 10)),
  text("\r\nRTSP/1.0 401 No way, sir\r\nContent-Length: 5\r\n\r\n$\0\r\nhRTSP/1.0 200\nCSeq: 2\n\n"),
  frame(255, new Uint8Array(0)),
  text("OPTIONS rtsp://host/x RTSP/1.0\r\nCSeq: 9\r\nnonsense\r\n\r\n"),
]);

describe("createRtspReader", () => {
  it("takes messages and media apart, in slices of any size (property)", () => {
    const expected = [
      [200, "OK", { cseq: ["1"], public: ["DESCRIBE, PLAY"], x: ["a", "b"] }, ""],
      [0, Uint8Array.of(0x80, 13, 10, 13, 10)],
      [401, "No way, sir", { "content-length": ["5"] }, "$\0\r\nh"],
      [200, "", { cseq: ["2"] }, ""],
      [255, new Uint8Array(0)],
      ["OPTIONS", { cseq: ["9"] }],
    ];
    expect(read([STREAM])).toEqual(expected);
    expect(read([...STREAM].map((byte) => Uint8Array.of(byte)))).toEqual(expected);
    fc.assert(
      fc.property(fc.array(fc.nat(STREAM.length), { maxLength: 12 }), (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), STREAM.length];
        expect(read(at.slice(1).map((end, i) => STREAM.subarray(at[i], end)))).toEqual(expected);
      }),
      { seed: 6 },
    );
  });

  it.each([
    ["HTTP/1.1 200 OK\r\n\r\n", "malformed"],
    ["RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n", "malformed"],
    ["RTSP/1.0 200 OK\r\nContent-Length: 9999999\r\n\r\n", "limit"],
    [`RTSP/1.0 200 OK\r\n${"A: b\r\n".repeat(65)}\r\n`, "limit"],
    ["x".repeat(20_000), "limit"],
  ])("refuses %j", (bytes, code) => {
    expect(() => read([text(bytes)])).toThrow(expect.objectContaining({ code }));
    expect(() => read([text(bytes)])).toThrow(MediaError);
  });
});

describe("encodeRtsp", () => {
  it("writes a message, and never two", () => {
    const bytes = encodeRtsp("OPTIONS rtsp://host/ RTSP/1.0", [["CSeq", "1"]]);
    expect(new TextDecoder().decode(bytes)).toBe("OPTIONS rtsp://host/ RTSP/1.0\r\nCSeq: 1\r\n\r\n");
    expect(() => encodeRtsp("OPTIONS x RTSP/1.0", [["A", "b\r\nC: d"]])).toThrow(TypeError);
  });
});

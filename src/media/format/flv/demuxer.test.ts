import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  bytesOf,
  CONFIGS,
  demuxAll,
  FRAMES,
  flvOf,
  type Heard,
  listen,
  type TestTag,
} from "../../../../fuzz/support/flv.js";
import { encodeAmf0 } from "../amf/amf0.js";
import { createFlvDemuxer } from "./demuxer.js";

const avcHeader: TestTag = { type: 9, body: bytesOf("17 00 000000", CONFIGS.avc) };
const aacHeader: TestTag = { type: 8, body: bytesOf("af 00", CONFIGS.aac) };
const key = (timestamp: number, n = 0): TestTag => ({
  type: 9,
  timestamp,
  body: bytesOf("17 01 000000", FRAMES.avcKey(n)),
});
const aac = (timestamp: number, n = 0): TestTag => ({
  type: 8,
  timestamp,
  body: bytesOf("af 01", FRAMES.aac(n)),
});
const metadata: TestTag = { type: 18, body: encodeAmf0(["onMetaData", { width: 64 }]) };
const clip = [metadata, avcHeader, aacHeader, key(0), aac(5), aac(28), key(40, 1), aac(51, 2)];

const read = (bytes: Uint8Array, slice?: number) => demuxAll(createFlvDemuxer, bytes, slice);
const times = (heard: Heard) => heard.packets.map(({ dts }) => dts / 1000);

describe("createFlvDemuxer", () => {
  it("reads a whole file", () => {
    const heard = read(flvOf(clip));
    expect(heard.metadata).toEqual([{ width: 64 }]);
    expect(heard.tracks.map(({ id, codec }) => [id, codec])).toEqual([
      [1, "avc"],
      [2, "aac"],
    ]);
    expect(times(heard)).toEqual([0, 5, 28, 40, 51]);
    expect(heard.packets[4]?.data).toEqual(FRAMES.aac(2));
    expect(heard.dropped).toEqual([]);
  });

  it("says the same for any slicing, damaged input included", () => {
    const whole = flvOf(clip);
    const outcome = (slices: readonly Uint8Array[]) => {
      const heard = listen();
      const demuxer = createFlvDemuxer(heard.sink);
      let error: unknown;
      try {
        for (const slice of slices) {
          const lent = slice.slice();
          demuxer.push(lent, 7);
          lent.fill(0xee);
        }
        demuxer.end();
      } catch (thrown) {
        error = thrown;
      }
      return { ...heard, sink: undefined, error: `${error}` };
    };
    fc.assert(
      fc.property(
        fc.array(fc.nat(40), { minLength: 1, maxLength: 60 }),
        fc.option(fc.tuple(fc.nat(whole.length - 1), fc.nat(255))),
        (cuts, damage) => {
          const bytes = whole.slice();
          if (damage !== null) bytes[damage[0]] = damage[1];
          const slices: Uint8Array[] = [];
          let at = 0;
          for (let i = 0; at < bytes.length; i++) {
            const end = at + (cuts[i % cuts.length] as number) + (i % cuts.length === 0 ? 1 : 0);
            slices.push(bytes.subarray(at, end));
            at = end;
          }
          expect(outcome(slices)).toEqual(outcome([bytes]));
        },
      ),
      { seed: 2, numRuns: 300 },
    );
  });

  it("copies receivedAt of the slice that completes a packet", () => {
    const heard = listen();
    const demuxer = createFlvDemuxer(heard.sink);
    const bytes = flvOf([aacHeader, aac(0), aac(23)]);
    demuxer.push(bytes.subarray(0, bytes.length - 10), 1);
    demuxer.push(bytes.subarray(bytes.length - 10), 2);
    expect(heard.packets.map(({ receivedAt }) => receivedAt)).toEqual([1, 2]);
  });

  it("puts the timestamp's upper byte on top, across 2^24, 2^31 and 2^32 ms", () => {
    for (const edge of [2 ** 24, 2 ** 31, 2 ** 32]) {
      const around = [edge - 21, edge - 1, edge, edge + 23];
      const heard = read(flvOf([aacHeader, ...around.map((time) => aac(time >>> 0))]));
      expect(times(heard)).toEqual(around);
    }
  });

  it("passes over what DataOffset skips", () => {
    const plain = flvOf([aacHeader, aac(0)]);
    const bytes = bytesOf(plain.subarray(0, 5), "0000000d", "deadbeef", plain.subarray(9));
    for (const slice of [1, 11, 100]) expect(times(read(bytes, slice))).toEqual([0]);
  });

  it("does not believe the header's flags", () => {
    expect(times(read(flvOf(clip, 0)))).toEqual([0, 5, 28, 40, 51]);
  });

  it("reads AMF3 script tags and empty ones", () => {
    const amf3 = { type: 15, body: bytesOf("00", metadata.body) };
    const empty = [8, 9, 18].map((type) => ({ type, body: bytesOf("") }));
    const heard = read(flvOf([amf3, ...empty, aacHeader, aac(0)]));
    expect(heard.metadata).toEqual([{ width: 64 }]);
    expect(times(heard)).toEqual([0]);
    expect(heard.dropped).toEqual([]);
  });

  it("drops encrypted tags", () => {
    const heard = read(flvOf([aacHeader, { ...aac(0), type: 8 | 0x20 }, aac(23)]));
    expect(times(heard)).toEqual([23]);
    expect(heard.dropped).toMatchObject([{ code: "unsupported", message: "an encrypted tag" }]);
  });

  it("takes a wrong PreviousTagSize or a StreamID, but not both", () => {
    const wrongSize = { ...aac(0), previousTagSize: 13 };
    const streamId = { ...aac(23), streamId: 1 };
    expect(times(read(flvOf([aacHeader, wrongSize, streamId])))).toEqual([0, 23]);
    expect(() => read(flvOf([aacHeader, { ...wrongSize, streamId: 1 }]))).toThrow(
      expect.objectContaining({ name: "MediaError", code: "malformed" }),
    );
  });

  it.each([
    ["a wrong signature", "464c57 01 05 00000009", "malformed"],
    ["an unknown version", "464c56 02 05 00000009", "unsupported"],
    ["a DataOffset inside the header", "464c56 01 05 00000008", "malformed"],
    ["a DataOffset far away", "464c56 01 05 00100000", "limit"],
    ["an unknown tag type", "464c56 01 05 00000009 00000000 0a 000000 00000000 000000", "malformed"],
    ["reserved bits", "464c56 01 05 00000009 00000000 48 000000 00000000 000000", "malformed"],
  ])("refuses %s, and everything after it", (_what, hex, code) => {
    const heard = listen();
    const demuxer = createFlvDemuxer(heard.sink);
    const refused = expect.objectContaining({ name: "MediaError", code });
    expect(() => demuxer.push(bytesOf(hex), 0)).toThrow(refused);
    expect(() => demuxer.push(flvOf(clip), 0)).toThrow(refused);
    expect(() => demuxer.end()).toThrow(refused);
    expect(heard.packets).toEqual([]);
  });

  it("ends well only between tags", () => {
    const bytes = flvOf([aacHeader, aac(0)]);
    const ends = (length: number) => () => read(bytes.subarray(0, length));
    const truncated = expect.objectContaining({ code: "truncated" });
    expect(ends(bytes.length)).not.toThrow();
    expect(ends(bytes.length - 4)).not.toThrow();
    expect(ends(13)).not.toThrow();
    expect(ends(9)).not.toThrow();
    for (const length of [0, 5, 10, 20, 24, bytes.length - 1, bytes.length - 5]) {
      expect(ends(length)).toThrow(truncated);
    }
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concatBytes } from "../../bytes/bytes.js";
import { ByteWriter } from "../../bytes/writer.js";
import { MediaError } from "../../model/error.js";
import type { Metadata, Packet } from "../../model/packet.js";
import type { AudioTrack, DataTrack, Track, VideoTrack } from "../../model/track.js";
import type { RelayClock } from "./clock.js";
import { createRelayDemuxer } from "./demuxer.js";
import { encodeRelayEnd, relayFormat } from "./muxer.js";
import { createRelayRequestParser, encodeRelayRequest } from "./request.js";

const video: VideoTrack = {
  id: 1,
  kind: "video",
  codec: "hevc",
  config: {
    codec: "hvc1.1.6.L93.B0",
    description: Uint8Array.of(1, 2, 3),
    codedWidth: 640,
    codedHeight: 360,
    frameRate: 29.97,
    nalLengthSize: 4,
    reorderDepth: 2,
  },
};
const audio: AudioTrack = {
  id: 2,
  kind: "audio",
  codec: "mp3",
  config: { codec: "mp3", sampleRate: 44_100, numberOfChannels: 2, samplesPerFrame: 1152 },
};
const data: DataTrack = { id: 3, kind: "data", codec: "amf0", config: { codec: "amf0" } };

type Heard =
  | { readonly start: Metadata; readonly tracks: readonly Track[] }
  | { readonly track: Track }
  | { readonly packet: Packet }
  | { readonly clock: RelayClock }
  | { readonly end: string };

function read(bytes: Uint8Array, slice: number = bytes.length): Heard[] {
  const heard: Heard[] = [];
  const demuxer = createRelayDemuxer({
    start: (metadata, tracks) => heard.push({ start: metadata, tracks }),
    track: (track) => heard.push({ track }),
    packet: (packet) => heard.push({ packet }),
    clock: (clock) => heard.push({ clock }),
    end: (reason) => heard.push({ end: reason }),
  });
  // Given away after the call, as a socket's buffer is.
  for (let at = 0; at < bytes.length; at += slice) {
    const borrowed = bytes.slice(at, at + slice);
    demuxer.push(borrowed);
    borrowed.fill(0xee);
  }
  return heard;
}

function record(type: number, payload: Uint8Array): Uint8Array {
  const out = new ByteWriter();
  out.u8(type);
  out.u32(payload.length);
  out.write(payload);
  return out.finish();
}

const START = relayFormat()
  .createMuxer({ tracks: [video, audio], metadata: {}, zero: 0 })
  .start([video, audio], 0);

describe("a relayed stream", () => {
  const micros = fc.integer({ min: -(2 ** 50), max: 2 ** 50 });
  const packets = fc.array(
    fc.record({
      track: fc.constantFrom<Track>(video, audio, data),
      dts: micros,
      pts: micros,
      key: fc.boolean(),
      data: fc.uint8Array({ maxLength: 300 }),
      receivedAt: micros,
      duration: fc.option(fc.nat(), { nil: undefined }),
    }),
  );
  const metadata = fc.dictionary(fc.string(), fc.jsonValue()) as fc.Arbitrary<Metadata>;

  it("comes out as it went in, however it is sliced", () => {
    fc.assert(
      fc.property(packets, metadata, fc.integer({ min: 1, max: 4000 }), (given, said, slice) => {
        const muxer = relayFormat().createMuxer({ tracks: [video, audio], metadata: said, zero: 77 });
        const out = new ByteWriter();
        const expected = given.map(({ duration, ...packet }): Packet => {
          return { ...packet, ...(duration !== undefined && { duration }) };
        });
        for (const packet of expected) muxer.write(packet, out);
        muxer.flush(out);
        const heard = read(
          concatBytes([muxer.start([video, audio], 5), out.finish(), encodeRelayEnd("kicked")]),
          slice,
        );
        expect(heard[0]).toEqual({ start: JSON.parse(JSON.stringify(said)), tracks: [video, audio] });
        expect(heard.slice(1, -1)).toEqual(expected.map((packet) => ({ packet })));
        expect(heard.at(-1)).toEqual({ end: "kicked" });
      }),
    );
  });

  it("says how the timeline stands to the publisher's clock, to begin with and before each key frame", () => {
    const clocks: RelayClock[] = [
      { from: 0, offset: -7_000_000 },
      { from: 90_000, offset: -(2 ** 50) },
    ];
    const format = relayFormat((dts) => clocks.findLast(({ from }) => from <= dts));
    const muxer = format.createMuxer({ tracks: [video, audio], metadata: {}, zero: 0 });
    const out = new ByteWriter();
    const packet = (track: Track, dts: number, key: boolean): Packet => {
      return { track, dts, pts: dts, key, data: Uint8Array.of(1), receivedAt: 0 };
    };
    const packets = [
      packet(video, 40_000, true),
      packet(audio, 40_000, true),
      packet(video, 80_000, false),
      packet(video, 120_000, true),
    ];
    for (const each of packets) muxer.write(each, out);
    const heard = read(concatBytes([muxer.start([video, audio], 40_000), out.finish()]), 3);
    const [first, audible, second, last] = packets.map((packet) => ({ packet }));
    const [before, after] = clocks.map((clock) => ({ clock }));
    expect(heard.slice(1)).toEqual([before, before, first, audible, second, after, last]);
    const nonsense = record(5, Uint8Array.of(0x3f, 0xe0, 0, 0, 0, 0, 0, 0));
    expect(() => read(concatBytes([START, nonsense]))).toThrow("no whole microseconds");
    expect(() => read(concatBytes([START.subarray(0, 5), record(5, new Uint8Array(16))]))).toThrow(
      MediaError,
    );
  });

  it("says that a track has changed or come late, and packets carry it from there", () => {
    const changed: VideoTrack = {
      ...video,
      codec: "avc",
      config: { ...video.config, description: new Uint8Array(0) },
    };
    const late: AudioTrack = { ...audio, id: 9 };
    const muxer = relayFormat().createMuxer({ tracks: [video], metadata: {}, zero: 0 });
    const out = new ByteWriter();
    const packet = (track: Track): Packet => ({
      track,
      dts: 0,
      pts: 0,
      key: true,
      data: new Uint8Array(1),
      receivedAt: 0,
    });
    muxer.write(packet(video), out);
    muxer.config(changed, 0, out);
    muxer.write(packet(changed), out);
    muxer.lateTrack?.(late, 0, out);
    muxer.write(packet(late), out);
    const heard = read(concatBytes([muxer.start([video], 0), out.finish()]));
    expect(heard.slice(1)).toEqual([
      { packet: packet(video) },
      { track: changed },
      { packet: packet(changed) },
      { track: late },
      { packet: packet(late) },
    ]);
  });

  it("passes over records that a later version adds, and all that follows the end", () => {
    const bytes = concatBytes([
      START,
      record(99, new Uint8Array(5)),
      encodeRelayEnd("unpublished"),
      new Uint8Array(50),
    ]);
    expect(read(bytes, 3).slice(1)).toEqual([{ end: "unpublished" }]);
  });

  it.each([
    ["something else", new TextEncoder().encode("GET / HTTP/1.1\r\n"), "malformed"],
    ["another version", Uint8Array.of(0x53, 0x4c, 0x52, 0x59, 2), "unsupported"],
    ["a record without bounds", concatBytes([START, Uint8Array.of(3, 0xff, 0xff, 0xff, 0xff)]), "limit"],
    ["a second start", concatBytes([START, START.subarray(5)]), "malformed"],
    [
      "a packet before the start",
      concatBytes([START.subarray(0, 5), record(3, new Uint8Array(40))]),
      "malformed",
    ],
    ["a packet of no known track", concatBytes([START, record(3, new Uint8Array(40))]), "malformed"],
    ["a packet cut short", concatBytes([START, record(3, new Uint8Array(10))]), "truncated"],
    ["an end for no reason", concatBytes([START, record(4, new Uint8Array(3))]), "malformed"],
    [
      "JSON that is none",
      concatBytes([START.subarray(0, 5), record(1, Uint8Array.of(0, 0, 0, 1, 0x7b, 0))]),
      "malformed",
    ],
  ])("is given up at %s", (_what, bytes, code) => {
    expect(() => read(bytes)).toThrow(expect.objectContaining({ name: "MediaError", code }));
  });

  it.each([
    ["a size", { ...video, config: { ...video.config, codedWidth: -1 } }],
    ["a length size", { ...video, config: { ...video.config, nalLengthSize: 3 } }],
    ["a codec", { ...audio, codec: "vorbis" }],
    ["an id", { ...audio, id: 1.5 }],
  ])("is given up at a track that has %s of no sense", (_what, wrong) => {
    const muxer = relayFormat().createMuxer({ tracks: [], metadata: {}, zero: 0 });
    expect(() => read(muxer.start([wrong as Track], 0))).toThrow(MediaError);
  });
});

describe("a relay request", () => {
  it("comes out as it went in, byte by byte", () => {
    const parser = createRelayRequestParser();
    const bytes = encodeRelayRequest({ name: "live/räum", secret: "s" });
    const answers = [...bytes].map((byte) => parser.push(Uint8Array.of(byte)));
    expect(answers.at(-1)).toEqual({ name: "live/räum", secret: "s" });
    expect(answers.slice(0, -1).every((answer) => answer === undefined)).toBe(true);
  });

  it("is refused before more than a little of it has been kept", () => {
    const bytes = encodeRelayRequest({ name: "x".repeat(5000), secret: "s" });
    expect(() => createRelayRequestParser().push(bytes.subarray(0, 20))).toThrow("too large");
  });

  it("is refused without a name", () => {
    const bytes = encodeRelayRequest({ secret: "s" } as never);
    expect(() => createRelayRequestParser().push(bytes)).toThrow("without a name");
  });
});

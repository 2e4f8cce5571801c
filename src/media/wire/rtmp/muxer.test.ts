import { describe, expect, it } from "vitest";
import { concatBytes, fromHex, toHex } from "../../bytes/bytes.js";
import { ByteWriter } from "../../bytes/writer.js";
import { readAacConfig } from "../../codec/aac.js";
import { readAvcConfig } from "../../codec/avc.js";
import { decodeAmf0, encodeAmf0 } from "../../format/amf/amf0.js";
import { flvFormat } from "../../format/flv/muxer.js";
import type { Muxer } from "../../model/container.js";
import type { Packet } from "../../model/packet.js";
import type { AudioTrack, DataTrack, Track, VideoTrack } from "../../model/track.js";
import { ChunkReader } from "./chunk-reader.js";
import { PLAY_CHUNK_SIZE } from "./chunk-writer.js";
import { rtmpFormat } from "./muxer.js";
import { relabelMessages } from "./relabel.js";

/** High profile, 64 x 48. */
const AVC = fromHex(
  "0164000affe100186764000aacd9447b011000000300100000030320f122596001000668ebe3cb22c0fdf8f800",
);
const avc: VideoTrack = { id: 1, kind: "video", codec: "avc", config: readAvcConfig(AVC) };
const aac: AudioTrack = { id: 2, kind: "audio", codec: "aac", config: readAacConfig(fromHex("1210")) };
const script: DataTrack = { id: 3, kind: "data", codec: "amf0", config: { codec: "amf0" } };

type Seen = [type: number, timestamp: number, streamId: number, body: string];

/** Reads bytes as a player does that has been told the chunk size. */
function read(bytes: Uint8Array): Seen[] {
  const seen: Seen[] = [];
  const reader = new ChunkReader((type, timestamp, streamId, body) => {
    seen.push([type, timestamp, streamId, toHex(body)]);
  });
  reader.push(fromHex(`02 000000 000004 01 00000000 ${PLAY_CHUNK_SIZE.toString(16).padStart(8, "0")}`));
  reader.push(bytes);
  expect(reader.partialBytes).toBe(0);
  return seen;
}

function packet(track: Track, dts: number, over: Partial<Packet> = {}): Packet {
  return { track, dts, pts: dts, key: true, data: fromHex("000000026588"), receivedAt: 0, ...over };
}

function written(muxer: Muxer, packets: readonly Packet[]): Uint8Array {
  const out = new ByteWriter();
  for (const one of packets) muxer.write(one, out);
  muxer.flush(out);
  return out.finish();
}

const init = { tracks: [avc, aac], metadata: { title: "x" }, zero: 0 };

describe("rtmpFormat", () => {
  it("starts with metadata and configurations, at the time of the join", () => {
    const bytes = rtmpFormat().createMuxer(init).start([aac, avc], 1_500_000);
    const [metadata, video, audio] = read(bytes);
    // FFmpeg takes a later onMetaData for subtitles.
    expect(metadata?.slice(0, 3)).toEqual([18, 0, 1]);
    const [name, fields] = decodeAmf0(fromHex(metadata?.[3] as string));
    expect(name).toBe("onMetaData");
    expect(fields).toMatchObject({ hasVideo: true, hasAudio: true, width: 64, height: 48, title: "x" });
    expect(video).toEqual([9, 1500, 1, `1700000000${toHex(AVC)}`]);
    expect(audio).toEqual([8, 1500, 1, "af001210"]);
  });

  it("writes audio, video and data on chunk streams 4, 6 and 5, each with a full header", () => {
    const muxer = rtmpFormat().createMuxer(init);
    const heads = [avc, aac, script].map((track) =>
      toHex(written(muxer, [packet(track, 1000)]).subarray(0, 1)),
    );
    expect(heads).toEqual(["06", "04", "05"]);
    const data = encodeAmf0(["onTextData", { text: "hi" }]);
    expect(read(written(muxer, [packet(script, 5000, { data })]))).toEqual([[18, 5, 1, toHex(data)]]);
  });

  it("has the bodies and timestamps of FLV tags", () => {
    const packets = [
      packet(avc, 40_000, { pts: 120_000 }),
      packet(aac, 41_999),
      packet(avc, 80_000, { pts: 40_000, key: false }),
    ];
    expect(read(written(rtmpFormat().createMuxer(init), packets))).toEqual(
      flvTags(written(flvFormat().createMuxer(init), packets)),
    );
  });

  it("lets any batch follow any batch", () => {
    const muxer = rtmpFormat().createMuxer(init);
    const batches = [
      packet(avc, 0),
      packet(aac, 20_000),
      packet(avc, 40_000),
      packet(aac, 2 ** 24 * 1000),
    ].map((p) => written(muxer, [p]));
    const alone = batches.map((batch) => read(batch)[0]);
    for (const order of [
      [0, 1, 2, 3],
      [3, 2, 1, 0],
      [2, 2, 0, 3],
    ]) {
      const joined = concatBytes(order.map((i) => batches[i] as Uint8Array));
      expect(read(joined)).toEqual(order.map((i) => alone[i]));
    }
  });

  it("cuts large frames into chunks, also with an extended timestamp", () => {
    const data = new Uint8Array(3 * PLAY_CHUNK_SIZE - 5).map((_, i) => i % 251);
    for (const dts of [0, 2 ** 24 * 1000]) {
      const bytes = written(rtmpFormat().createMuxer(init), [packet(avc, dts, { data })]);
      const headers = dts === 0 ? 12 + 2 : 16 + 2 * 5;
      expect(bytes.length).toBe(headers + 5 + data.length);
      expect(read(bytes)).toEqual([[9, dts / 1000, 1, `1701000000${toHex(data)}`]]);
    }
  });

  it("takes a late track and a changed configuration in-band", () => {
    const format = rtmpFormat();
    expect(format.lateTracks).toBe(true);
    expect(format.canChange(avc, { ...avc })).toBe(true);
    expect(format.canChange(avc, { ...avc, codec: "hevc" })).toBe(false);
    const muxer = format.createMuxer({ ...init, tracks: [avc] });
    const out = new ByteWriter();
    muxer.config(aac, 7000, out);
    muxer.write(packet(aac, 7000), out);
    expect(read(out.finish()).map(([type, timestamp]) => [type, timestamp])).toEqual([
      [8, 7],
      [8, 7],
    ]);
  });

  it("names the dialect in its key", () => {
    expect(rtmpFormat().key).toBe("rtmp");
    expect(rtmpFormat({ dialect: "enhanced" }).key).toBe("rtmp+enhanced");
    const bytes = written(rtmpFormat({ dialect: "enhanced" }).createMuxer(init), [packet(avc, 0)]);
    expect(read(bytes)[0]?.[3].slice(0, 10)).toBe("9361766331");
  });
});

describe("relabelMessages", () => {
  it("changes the message stream and nothing else", () => {
    const muxer = rtmpFormat().createMuxer(init);
    const bytes = concatBytes([
      muxer.start([avc, aac], 0),
      written(muxer, [
        packet(aac, 0, { data: new Uint8Array(0) }),
        packet(avc, 1000, { data: new Uint8Array(2 * PLAY_CHUNK_SIZE) }),
        packet(avc, 2 ** 25 * 1000, { data: new Uint8Array(2 * PLAY_CHUNK_SIZE - 5) }),
        packet(aac, 2 ** 25 * 1000),
      ]),
    ]);
    const before = read(bytes);
    expect(before).toHaveLength(7);
    expect(read(relabelMessages(bytes, 0x01020304))).toEqual(
      before.map(([type, timestamp, , body]) => [type, timestamp, 0x01020304, body]),
    );
    expect(read(bytes)).toEqual(before);
  });
});

/** The tags of an FLV file without its header, as messages. */
function flvTags(bytes: Uint8Array): Seen[] {
  const tags: Seen[] = [];
  for (let at = 0; at < bytes.length; ) {
    const u = (i: number): number => bytes[at + i] as number;
    const size = u(1) * 65_536 + u(2) * 256 + u(3);
    const timestamp = u(4) * 65_536 + u(5) * 256 + u(6) + u(7) * 0x100_0000;
    tags.push([u(0), timestamp, 1, toHex(bytes.subarray(at + 11, at + 11 + size))]);
    at += 11 + size + 4;
  }
  return tags;
}

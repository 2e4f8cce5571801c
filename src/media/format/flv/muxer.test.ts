import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytesOf, CONFIGS, demuxAll, FRAMES } from "../../../../fuzz/support/flv.js";
import { concatBytes } from "../../bytes/bytes.js";
import { ByteWriter } from "../../bytes/writer.js";
import { readAacConfig } from "../../codec/aac.js";
import { readAv1Config } from "../../codec/av1.js";
import { readAvcConfig } from "../../codec/avc.js";
import { readHevcConfig } from "../../codec/hevc.js";
import { readOpusConfig } from "../../codec/opus.js";
import { readVp9Config } from "../../codec/vp9.js";
import type { Muxer } from "../../model/container.js";
import type { Metadata, Packet } from "../../model/packet.js";
import type { AudioTrack, DataTrack, Track, VideoTrack } from "../../model/track.js";
import { decodeAmf0, encodeAmf0 } from "../amf/amf0.js";
import { createFlvDemuxer } from "./demuxer.js";
import { flvFormat } from "./muxer.js";
import type { FlvDialect } from "./tag-encoder.js";

const avc: VideoTrack = { id: 1, kind: "video", codec: "avc", config: readAvcConfig(CONFIGS.avc) };
const avcOther: VideoTrack = { ...avc, config: readAvcConfig(CONFIGS.avcOther) };
const hevc: VideoTrack = { id: 1, kind: "video", codec: "hevc", config: readHevcConfig(CONFIGS.hevc) };
const av1: VideoTrack = { id: 1, kind: "video", codec: "av1", config: readAv1Config(CONFIGS.av1) };
const vp9: VideoTrack = {
  id: 1,
  kind: "video",
  codec: "vp9",
  config: { ...readVp9Config(CONFIGS.vp9), codedWidth: 64, codedHeight: 48 },
};
const aac: AudioTrack = { id: 2, kind: "audio", codec: "aac", config: readAacConfig(CONFIGS.aac) };
const opus: AudioTrack = { id: 2, kind: "audio", codec: "opus", config: readOpusConfig(CONFIGS.opus) };
const mp3: AudioTrack = {
  id: 2,
  kind: "audio",
  codec: "mp3",
  config: { codec: "mp3", sampleRate: 44100, numberOfChannels: 2, samplesPerFrame: 1152 },
};
const script: DataTrack = { id: 3, kind: "data", codec: "amf0", config: { codec: "amf0" } };

function packet(track: Track, dts: number, over: Partial<Packet> = {}): Packet {
  return { track, dts, pts: dts, key: true, data: FRAMES.avcKey(), receivedAt: 0, ...over };
}
function written(muxer: Muxer, packets: readonly Packet[]): Uint8Array {
  const out = new ByteWriter();
  for (const one of packets) muxer.write(one, out);
  muxer.flush(out);
  return out.finish();
}
function startOf(tracks: readonly Track[], metadata: Metadata = {}, at = 0, zero = 0): Uint8Array {
  return flvFormat().createMuxer({ tracks, metadata, zero }).start(tracks, at);
}
/** The fields of the first tag, which must be an onMetaData. */
function onMetaData(flv: Uint8Array): unknown {
  const size = (flv[14] as number) * 65536 + (flv[15] as number) * 256 + (flv[16] as number);
  const [name, fields] = decodeAmf0(flv.subarray(24, 24 + size));
  expect(flv[13]).toBe(18);
  expect(name).toBe("onMetaData");
  return { ...(fields as object) };
}

describe("the start", () => {
  it("is header, metadata at 0, video and audio configuration at the time of the join", () => {
    const flv = startOf([aac, avc], {}, 1_500_999, 500_000);
    expect(flv.subarray(0, 13)).toEqual(bytesOf("464c5601 05 00000009 00000000"));
    const video = bytesOf("09", 0, 0, CONFIGS.avc.length + 5, "0003e8 00 000000 17 00 000000", CONFIGS.avc);
    const audio = bytesOf("08", "000004", "0003e8 00 000000 af 00", CONFIGS.aac);
    const tail = bytesOf(video, "000000", video.length, audio, "0000000f");
    expect(flv.subarray(flv.length - tail.length)).toEqual(tail);
    expect(flv.subarray(17, 21)).toEqual(bytesOf("000000 00"));
  });

  it.each([
    [[avc], 1, true, false],
    [[aac], 4, false, true],
    [[], 0, false, false],
  ])("tells the truth about the announced tracks", (tracks, flags, hasVideo, hasAudio) => {
    // Whatever the publisher says.
    const flv = startOf(tracks, { hasVideo: !hasVideo, hasAudio: !hasAudio });
    expect(flv[4]).toBe(flags);
    expect(onMetaData(flv)).toMatchObject({ hasVideo, hasAudio });
  });

  it("takes the configurations in force, and only announced tracks", () => {
    const muxer = flvFormat().createMuxer({ tracks: [avc], metadata: {}, zero: 0 });
    const flv = muxer.start([avcOther, aac], 0);
    expect(flv[4]).toBe(1);
    expect(onMetaData(flv)).toMatchObject({ width: 96, height: 64 });
    expect(muxer.start([avc], 0)).not.toEqual(flv);
  });
});

describe("onMetaData", () => {
  it("describes the tracks", () => {
    expect(onMetaData(startOf([avc, aac]))).toEqual({
      duration: 0,
      hasVideo: true,
      hasAudio: true,
      width: 64,
      height: 48,
      framerate: 25,
      videocodecid: 7,
      audiocodecid: 10,
      audiosamplerate: 44100,
      audiosamplesize: 16,
      audiochannels: 2,
      stereo: true,
      server: "Sluice",
    });
  });

  it("gives HE-AAC the rate that is heard", () => {
    const track = { ...aac, config: readAacConfig(bytesOf("2b118800")) };
    expect(onMetaData(startOf([track]))).toMatchObject({ audiosamplerate: 48000, audiocodecid: 10 });
  });

  it("passes on what is harmless, and nothing that is about a file or untrue", () => {
    const publisher: Metadata = {
      title: "Goal!",
      encoder: "obs-output module",
      videodatarate: 2500,
      audiodatarate: 160,
      framerate: 29.97,
      duration: 12.5,
      filesize: 12,
      keyframes: { times: [0], filepositions: [1] },
      width: 1,
      videocodecid: "hvc1",
      absRecordTime: 1,
      nested: { a: 1 },
      long: "x".repeat(5000),
      "": 1,
      nothing: null,
      "2.1": false,
    };
    const fields = onMetaData(startOf([avc], publisher));
    expect(fields).toEqual({
      duration: 0,
      hasVideo: true,
      hasAudio: false,
      width: 64,
      height: 48,
      framerate: 29.97,
      videocodecid: 7,
      server: "Sluice",
      title: "Goal!",
      encoder: "obs-output module",
      videodatarate: 2500,
      nothing: null,
      "2.1": false,
    });
  });

  it("is bounded, whatever the publisher sends", () => {
    const many = Object.fromEntries(
      Array.from({ length: 10_000 }, (_, i) => [`field${i}`, "x".repeat(1000)]),
    );
    expect(startOf([avc], many).length).toBeLessThan(80_000);
  });
});

describe("packets", () => {
  it("are tags with their sizes and signed composition time", () => {
    const muxer = flvFormat().createMuxer({ tracks: [avc], metadata: {}, zero: 0 });
    const data = FRAMES.avcInter();
    const frame = packet(avc, 2 ** 24 * 1000 + 40_999, { key: false, pts: 2 ** 24 * 1000 + 999, data });
    expect(written(muxer, [frame])).toEqual(
      bytesOf("09 00000d 000028 01 000000", "27 01 ffffd8", data, "00000018"),
    );
  });

  it("wrap their timestamps at 32 bits", () => {
    const muxer = flvFormat().createMuxer({ tracks: [aac], metadata: {}, zero: 0 });
    const at = (ms: number) => written(muxer, [packet(aac, ms * 1000)]).subarray(4, 8);
    expect(at(2 ** 31)).toEqual(bytesOf("000000 80"));
    expect(at(2 ** 32 - 1)).toEqual(bytesOf("ffffff ff"));
    expect(at(2 ** 32 + 2)).toEqual(bytesOf("000002 00"));
  });

  it("of tracks that were not announced are left out, script data excepted", () => {
    const muxer = flvFormat().createMuxer({ tracks: [avc], metadata: {}, zero: 0 });
    const cue = encodeAmf0(["onCuePoint", { name: "x" }]);
    expect(written(muxer, [packet(aac, 0)])).toHaveLength(0);
    expect(written(muxer, [packet(script, 5000, { data: cue })])).toEqual(
      bytesOf("12", 0, 0, cue.length, "000005 00 000000", cue, 0, 0, 0, cue.length + 11),
    );
  });

  it("may follow a changed configuration", () => {
    const muxer = flvFormat().createMuxer({ tracks: [avc, mp3], metadata: {}, zero: 0 });
    const out = new ByteWriter();
    muxer.config(avcOther, 7000, out);
    muxer.config(mp3, 7000, out);
    expect(out.finish()).toEqual(
      bytesOf("09 00002c 000007 00 000000 17 00 000000", CONFIGS.avcOther, "00000037"),
    );
  });
});

describe("options", () => {
  it("give each variant its key", () => {
    const keys = (["standard", "codecid12", "enhanced"] as const).map(
      (dialect) => flvFormat({ dialect }).key,
    );
    expect([...keys, flvFormat({ metadataAtKey: true }).key]).toEqual([
      "flv",
      "flv+codecid12",
      "flv+enhanced",
      "flv+metadata",
    ]);
  });

  it("let a configuration change, but not the codec", () => {
    const format = flvFormat();
    expect(format.canChange(avc, avcOther)).toBe(true);
    expect(format.canChange(avc, hevc)).toBe(false);
    expect(format.canChange(aac, opus)).toBe(false);
    expect(format.lateTracks).toBe(false);
    expect([avc, hevc, av1, vp9, aac, opus, mp3, script].every((track) => format.carries(track))).toBe(true);
  });

  it("metadataAtKey repeats onMetaData before video key frames, with the wall clock", () => {
    const muxer = flvFormat({ metadataAtKey: true }).createMuxer({
      tracks: [avc, aac],
      metadata: {},
      zero: 0,
    });
    const receivedAt = 1_700_000_000_123_456;
    const bytes = written(muxer, [
      packet(aac, 0, { data: FRAMES.aac(), receivedAt }),
      packet(avcOther, 10_000, { receivedAt }),
      packet(avcOther, 50_000, { key: false, data: FRAMES.avcInter(), receivedAt }),
    ]);
    const heard = demuxAll(createFlvDemuxer, concatBytes([muxer.start([avc, aac], 0), bytes]));
    expect(heard.metadata).toHaveLength(2);
    expect(heard.metadata[0]).not.toHaveProperty("absRecordTime");
    expect(heard.metadata[1]).toMatchObject({ absRecordTime: 1_700_000_000_123, width: 96, hasAudio: true });
  });

  it("a late track is said in a script tag of our own", () => {
    const muxer = flvFormat().createMuxer({ tracks: [avc], metadata: {}, zero: 0 });
    const out = new ByteWriter();
    muxer.lateTrack?.(aac, 2000, out);
    const heard = demuxAll(createFlvDemuxer, concatBytes([muxer.start([avc], 0), out.finish()]));
    expect(heard.packets.map(({ dts, data }) => [dts, decodeAmf0(data)])).toEqual([
      [2000, ["onTracks", { hasVideo: true, hasAudio: true }]],
    ]);
  });
});

describe("there and back", () => {
  const videos = [
    [avc, FRAMES.avcKey, FRAMES.avcInter],
    [hevc, FRAMES.hevcKey, FRAMES.hevcInter],
    [av1, FRAMES.av1Key, FRAMES.av1Inter],
    [vp9, FRAMES.vp9Key, FRAMES.vp9Inter],
  ] as const;
  const audios = [
    [aac, FRAMES.aac],
    [opus, FRAMES.opus],
    [mp3, FRAMES.mp3],
  ] as const;
  /** Microseconds, as the format can say them. */
  const inMs = (micros: number) => Math.floor(micros / 1000) * 1000;

  it.each<FlvDialect>(["standard", "codecid12", "enhanced"])("in dialect %s", (dialect) => {
    fc.assert(
      fc.property(
        fc.constantFrom(...videos),
        fc.constantFrom(...audios),
        fc.array(
          fc.record({
            isVideo: fc.boolean(),
            key: fc.boolean(),
            step: fc.nat(90_000),
            reorder: fc.integer({ min: -200_000, max: 200_000 }),
            n: fc.nat(127),
          }),
          { minLength: 1, maxLength: 40 },
        ),
        fc.constantFrom(0, 1_234_567, 2 ** 31 * 1000 - 300_000),
        (video, audio, steps, from) => {
          const [videoTrack, keyFrame, interFrame] = video;
          const [audioTrack, audioFrame] = audio;
          // AV1 and VP9 have no composition time; VP9's track is told by a key frame.
          const reorders = videoTrack.codec === "avc" || videoTrack.codec === "hevc";
          let dts = from;
          const packets: Packet[] = [packet(videoTrack, dts, { data: keyFrame(0) })];
          for (const { isVideo, key, step, reorder, n } of steps) {
            dts += step;
            if (!isVideo) packets.push(packet(audioTrack, dts, { data: audioFrame(n) }));
            else {
              const pts = reorders ? dts + reorder : dts;
              packets.push(packet(videoTrack, dts, { key, pts, data: key ? keyFrame(n) : interFrame(n) }));
            }
          }
          const tracks = [videoTrack, audioTrack];
          const muxer = flvFormat({ dialect }).createMuxer({ tracks, metadata: {}, zero: 0 });
          const flv = concatBytes([muxer.start(tracks, from), written(muxer, packets)]);
          const heard = demuxAll(createFlvDemuxer, flv);
          expect(heard.dropped).toEqual([]);
          expect(
            heard.packets.map(({ track, dts, pts, key, data }) => ({ track, dts, pts, key, data })),
          ).toEqual(
            packets.map(({ track, dts, pts, key, data }) => ({
              track,
              dts: inMs(dts),
              pts: inMs(pts),
              key,
              data,
            })),
          );
        },
      ),
      { seed: 2, numRuns: 60 },
    );
  });

  it("a reader may join anywhere: start and any later packets are a whole", () => {
    const muxer = flvFormat().createMuxer({ tracks: [avc, aac], metadata: {}, zero: 0 });
    const packets = Array.from({ length: 10 }, (_, i) =>
      i % 2 === 0 ? packet(avc, i * 20_000) : packet(aac, i * 20_000, { data: FRAMES.aac(i) }),
    );
    const pieces = packets.map((one) => written(muxer, [one]));
    for (let join = 0; join < packets.length; join += 2) {
      const flv = concatBytes([muxer.start([avc, aac], packets[join]?.dts ?? 0), ...pieces.slice(join)]);
      const heard = demuxAll(createFlvDemuxer, flv);
      expect(heard.packets.map(({ dts }) => dts)).toEqual(packets.slice(join).map(({ dts }) => dts));
    }
  });
});

import { describe, expect, it } from "vitest";
import { bytesOf, CONFIGS, FRAMES } from "../../../../fuzz/support/flv.js";
import { toHex } from "../../bytes/bytes.js";
import { ByteWriter } from "../../bytes/writer.js";
import type { Packet } from "../../model/packet.js";
import type { AudioCodec, AudioTrack, Track, VideoCodec, VideoTrack } from "../../model/track.js";
import {
  codecIdOf,
  compositionTimeOf,
  type FlvDialect,
  tagTimestamp,
  tagTypeOf,
  writeConfigBody,
  writePacketBody,
  writePacketHead,
} from "./tag-encoder.js";

const description = Uint8Array.of(0xc0, 0xff, 0xee);

function video(codec: VideoCodec): VideoTrack {
  return { id: 1, kind: "video", codec, config: { codec, description, codedWidth: 64, codedHeight: 48 } };
}
function audio(codec: AudioCodec, sampleRate = 44100, numberOfChannels = 2): AudioTrack {
  const config = { codec, sampleRate, numberOfChannels };
  return { id: 2, kind: "audio", codec, config: codec === "mp3" ? config : { ...config, description } };
}
const script: Track = { id: 3, kind: "data", codec: "amf0", config: { codec: "amf0" } };

function packet(track: Track, over: Partial<Packet> = {}): Packet {
  return { track, dts: 0, pts: 0, key: true, data: Uint8Array.of(0xda), receivedAt: 0, ...over };
}
function head(of: Packet, compositionTime: number, dialect: FlvDialect): string {
  const out = new ByteWriter();
  writePacketHead(of, compositionTime, dialect, out);
  return toHex(out.finish());
}
function config(of: Track, dialect: FlvDialect): string | undefined {
  const out = new ByteWriter();
  return writeConfigBody(of, dialect, out) ? toHex(out.finish()) : undefined;
}

describe("heads of video packets", () => {
  it.each<[VideoCodec, FlvDialect, boolean, number, string]>([
    ["avc", "standard", true, 0, "17 01 000000"],
    ["avc", "standard", false, 80, "27 01 000050"],
    ["avc", "standard", false, -40, "27 01 ffffd8"],
    ["avc", "codecid12", true, 0, "17 01 000000"],
    ["avc", "enhanced", true, 0, "93 61766331"],
    ["avc", "enhanced", false, -40, "a1 61766331 ffffd8"],
    ["hevc", "standard", true, 0, "93 68766331"],
    ["hevc", "standard", false, 40, "a1 68766331 000028"],
    ["hevc", "codecid12", true, 40, "1c 01 000028"],
    ["hevc", "enhanced", false, 40, "a1 68766331 000028"],
    ["av1", "standard", true, 0, "91 61763031"],
    ["av1", "codecid12", false, 0, "a1 61763031"],
    ["vp9", "standard", false, 0, "a1 76703039"],
  ])("%s in %s, key %s, composition time %i", (codec, dialect, key, time, expected) => {
    expect(head(packet(video(codec), { key }), time, dialect)).toBe(expected.replaceAll(" ", ""));
  });

  it("keeps composition times within 24 bits", () => {
    expect(head(packet(video("avc")), 2 ** 30, "standard")).toBe("17017fffff");
    expect(head(packet(video("avc")), -(2 ** 30), "standard")).toBe("1701800000");
  });
});

describe("heads of audio packets", () => {
  it.each<[AudioCodec, FlvDialect, string]>([
    ["aac", "standard", "af 01"],
    ["aac", "enhanced", "91 6d703461"],
    ["opus", "standard", "91 4f707573"],
    ["opus", "enhanced", "91 4f707573"],
    ["mp3", "codecid12", "2f"],
    ["mp3", "enhanced", "91 2e6d7033"],
  ])("%s in %s", (codec, dialect, expected) => {
    expect(head(packet(audio(codec)), 0, dialect)).toBe(expected.replaceAll(" ", ""));
  });

  it.each([
    [48000, 2, "2f"],
    [24000, 1, "2a"],
    [11025, 2, "27"],
    [8000, 1, "e2"],
  ])("MP3 of %i Hz and %i channels", (rate, channels, expected) => {
    expect(head(packet(audio("mp3", rate, channels)), 0, "standard")).toBe(expected);
  });
});

describe("configurations", () => {
  it.each<[Track, FlvDialect, string]>([
    [video("avc"), "standard", "17 00 000000 c0ffee"],
    [video("avc"), "enhanced", "90 61766331 c0ffee"],
    [video("hevc"), "standard", "90 68766331 c0ffee"],
    [video("hevc"), "codecid12", "1c 00 000000 c0ffee"],
    [video("av1"), "standard", "90 61763031 c0ffee"],
    [video("vp9"), "codecid12", "90 76703039 c0ffee"],
    [audio("aac"), "standard", "af 00 c0ffee"],
    [audio("aac"), "enhanced", "90 6d703461 c0ffee"],
    [audio("opus"), "standard", "90 4f707573 c0ffee"],
  ])("%o in %s", (track, dialect, expected) => {
    expect(config(track, dialect)).toBe(expected.replaceAll(" ", ""));
  });

  it("has none for MP3 and script data", () => {
    expect(config(audio("mp3"), "standard")).toBeUndefined();
    expect(config(audio("mp3"), "enhanced")).toBeUndefined();
    expect(config(script, "standard")).toBeUndefined();
  });
});

describe("codec ids of onMetaData", () => {
  it("are the legacy number or the FourCC", () => {
    expect(codecIdOf(video("avc"), "standard")).toBe(7);
    expect(codecIdOf(video("hevc"), "codecid12")).toBe(12);
    expect(codecIdOf(audio("aac"), "standard")).toBe(10);
    expect(codecIdOf(audio("mp3"), "standard")).toBe(2);
    // The two values that Enhanced RTMP v2 spells out.
    expect(codecIdOf(video("av1"), "standard")).toBe(1635135537);
    expect(codecIdOf(audio("opus"), "standard")).toBe(1332770163);
  });
});

describe("bodies and types", () => {
  it("are head and data, in the tag type of the track's kind", () => {
    const out = new ByteWriter();
    writePacketBody(packet(audio("aac"), { data: FRAMES.aac(7) }), 0, "standard", out);
    expect(out.finish()).toEqual(bytesOf("af01", FRAMES.aac(7)));
    writePacketBody(packet(script, { data: CONFIGS.aac }), 0, "standard", out);
    expect(out.finish()).toEqual(CONFIGS.aac);
    expect([video("avc"), audio("aac"), script].map(tagTypeOf)).toEqual([9, 8, 18]);
  });
});

describe("times", () => {
  it("round down, and composition time makes up for it", () => {
    const frame = packet(video("avc"), { dts: 16_667, pts: 50_001 });
    expect(tagTimestamp(frame.dts, 0)).toBe(16);
    expect(compositionTimeOf(frame, 0)).toBe(34);
    expect(tagTimestamp(frame.dts, 700)).toBe(15);
    expect(compositionTimeOf(frame, 700)).toBe(34);
  });

  it("are never before zero, while the presentation time stays", () => {
    const frame = packet(video("avc"), { dts: -40_000, pts: 40_000 });
    expect(tagTimestamp(frame.dts, 0)).toBe(0);
    expect(compositionTimeOf(frame, 0)).toBe(40);
  });
});

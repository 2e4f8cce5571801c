import { describe, expect, it } from "vitest";
import { bytesOf, CONFIGS, FRAMES, type Heard, listen } from "../../../../fuzz/support/flv.js";
import { encodeAmf0 } from "../amf/amf0.js";
import { createTagDecoder } from "./tag-decoder.js";

const AUDIO = 8;
const VIDEO = 9;
const SCRIPT = 18;
const SCRIPT_AMF3 = 15;

/** Decodes bodies of one type, a millisecond apart from `from` on. */
function decode(type: number, bodies: readonly Uint8Array[], from = 1000): Heard {
  const heard = listen();
  const decoder = createTagDecoder(heard.sink);
  for (const [i, body] of bodies.entries()) decoder.decode(type, from + i, body, 77);
  return heard;
}
const messages = (heard: Heard) => heard.dropped.map(({ code, message }) => `${code}: ${message}`);
const data = (heard: Heard) => heard.packets.map((packet) => packet.data);

const avcHeader = bytesOf("17 00 000000", CONFIGS.avc);
const aacHeader = bytesOf("af 00", CONFIGS.aac);

describe("legacy video", () => {
  it("reads AVC with its configuration, key flag and signed composition time", () => {
    const heard = decode(VIDEO, [
      avcHeader,
      bytesOf("17 01 000050", FRAMES.avcKey()),
      bytesOf("27 01 ffffd8", FRAMES.avcInter()),
      bytesOf("17 02 000000"),
    ]);
    expect(heard.tracks).toMatchObject([
      {
        id: 1,
        kind: "video",
        codec: "avc",
        config: { codec: "avc1.64000a", codedWidth: 64, codedHeight: 48 },
      },
    ]);
    expect(heard.tracks[0]?.config).toMatchObject({ description: CONFIGS.avc, nalLengthSize: 4 });
    expect(heard.packets).toEqual([
      {
        track: heard.tracks[0],
        dts: 1_001_000,
        pts: 1_081_000,
        key: true,
        data: FRAMES.avcKey(),
        receivedAt: 77,
      },
      {
        track: heard.tracks[0],
        dts: 1_002_000,
        pts: 962_000,
        key: false,
        data: FRAMES.avcInter(),
        receivedAt: 77,
      },
    ]);
    expect(heard.dropped).toEqual([]);
  });

  it("reads HEVC as codec id 12 and AV1 as 13", () => {
    const hevc = decode(VIDEO, [
      bytesOf("1c 00 000000", CONFIGS.hevc),
      bytesOf("1c 01 000000", FRAMES.hevcKey()),
      bytesOf("2c 01 000028", FRAMES.hevcInter()),
    ]);
    expect(hevc.tracks).toMatchObject([{ codec: "hevc", config: { codedWidth: 64, codedHeight: 48 } }]);
    expect(hevc.packets.map(({ key, pts, dts }) => [key, pts - dts])).toEqual([
      [true, 0],
      [false, 40_000],
    ]);
    const av1 = decode(VIDEO, [
      bytesOf("1d 00 000000", CONFIGS.av1),
      bytesOf("1d 01 000000", FRAMES.av1Key()),
      bytesOf("2d 01 000000", FRAMES.av1Inter()),
    ]);
    expect(av1.tracks).toMatchObject([{ codec: "av1" }]);
    expect(av1.packets.map(({ key }) => key)).toEqual([true, false]);
  });

  it("copies what it keeps", () => {
    const heard = listen();
    const decoder = createTagDecoder(heard.sink);
    for (const body of [avcHeader.slice(), bytesOf("17 01 000000", FRAMES.avcKey())]) {
      decoder.decode(VIDEO, 0, body, 0);
      body.fill(0);
    }
    expect(heard.tracks[0]?.config).toMatchObject({ description: CONFIGS.avc });
    expect(data(heard)).toEqual([FRAMES.avcKey()]);
  });

  it("passes over commands, empty bodies and ends of sequences", () => {
    const bodies = ["", "17", "17 02", "17 02 000000", "17 01 000000", "52 00", "57 00"].map((hex) =>
      bytesOf(hex),
    );
    expect(decode(VIDEO, bodies)).toMatchObject({ packets: [], dropped: [] });
  });

  it("names the codecs that it does not carry", () => {
    expect(
      messages(
        decode(
          VIDEO,
          ["12 00", "24 00", "1f 00"].map((hex) => bytesOf(hex)),
        ),
      ),
    ).toEqual([
      "unsupported: video codec Sorenson H.263",
      "unsupported: video codec On2 VP6",
      "unsupported: video codec id 15",
    ]);
  });

  it("drops frames without a configuration and damaged bodies, and goes on", () => {
    const heard = decode(VIDEO, [
      bytesOf("17 01 000000", FRAMES.avcKey()),
      bytesOf("17 00 000000 01 64"),
      avcHeader,
      bytesOf("17 01 00"),
      bytesOf("17 03 000000 00"),
      bytesOf("17 01 000000 7fffffff 65 88"),
      bytesOf("1c 01 000000", FRAMES.hevcKey()),
      bytesOf("17 01 000000", FRAMES.avcKey(3)),
    ]);
    expect(data(heard)).toEqual([FRAMES.avcKey(3)]);
    expect(heard.dropped.map(({ code }) => code)).toEqual([
      "malformed",
      "truncated",
      "truncated",
      "malformed",
      "truncated",
      "malformed",
    ]);
    expect(heard.dropped[0]?.message).toBe("avc frame before its sequence header");
  });

  it("tells a configuration once, and a changed one as a new track of the same id", () => {
    const other = bytesOf("17 00 000000", CONFIGS.avcOther);
    const frame = bytesOf("17 01 000000", FRAMES.avcKey());
    const heard = decode(VIDEO, [avcHeader, frame, avcHeader, frame, other, frame, avcHeader, frame]);
    expect(heard.tracks.map(({ id, config }) => [id, config])).toMatchObject([
      [1, { codedWidth: 64, codedHeight: 48 }],
      [1, { codedWidth: 96, codedHeight: 64 }],
      [1, { codedWidth: 64, codedHeight: 48 }],
    ]);
    expect(heard.packets.map(({ track }) => heard.tracks.indexOf(track))).toEqual([0, 0, 1, 2]);
  });
});

describe("key frames", () => {
  const keys = (...bodies: Uint8Array[]) =>
    decode(VIDEO, [avcHeader, ...bodies]).packets.map(({ key }) => key);

  it("are IDR pictures, whatever the tag says", () => {
    expect(keys(bytesOf("27 01 000000", FRAMES.avcKey()))).toEqual([true]);
    expect(keys(bytesOf("17 01 000000", FRAMES.avcInter()))).toEqual([false]);
  });

  it("are recovery points and intra pictures where the tag says so, too", () => {
    expect(keys(bytesOf("17 01 000000", FRAMES.avcRecovery()))).toEqual([true]);
    expect(keys(bytesOf("27 01 000000", FRAMES.avcRecovery()))).toEqual([false]);
    expect(keys(bytesOf("17 01 000000", FRAMES.avcIntra()))).toEqual([true]);
    expect(keys(bytesOf("27 01 000000", FRAMES.avcIntra()))).toEqual([false]);
  });

  it("are what the bitstream says in the other codecs", () => {
    const hevc = decode(VIDEO, [
      bytesOf("90", "68766331", CONFIGS.hevc),
      bytesOf("93", "68766331", FRAMES.hevcInter()),
      bytesOf("a3", "68766331", FRAMES.hevcKey()),
    ]);
    expect(hevc.packets.map(({ key }) => key)).toEqual([false, true]);
    const vp9 = decode(VIDEO, [
      bytesOf("90", "76703039", CONFIGS.vp9),
      bytesOf("a1", "76703039", FRAMES.vp9Key()),
      bytesOf("91", "76703039", FRAMES.vp9Inter()),
    ]);
    expect(vp9.packets.map(({ key }) => key)).toEqual([true, false]);
  });
});

describe("legacy audio", () => {
  it("reads AAC with its duration", () => {
    const heard = decode(AUDIO, [aacHeader, bytesOf("af 01", FRAMES.aac())]);
    expect(heard.tracks).toMatchObject([
      { id: 2, kind: "audio", codec: "aac", config: { sampleRate: 44100, numberOfChannels: 2 } },
    ]);
    expect(heard.packets).toEqual([
      {
        track: heard.tracks[0],
        dts: 1_001_000,
        pts: 1_001_000,
        duration: 23_220,
        key: true,
        data: FRAMES.aac(),
        receivedAt: 77,
      },
    ]);
  });

  it("gives a frame of HE-AAC the length of its 2048 output samples", () => {
    // AOT 5, core 24 kHz, stereo, extension 48 kHz, AOT 2.
    const heard = decode(AUDIO, [bytesOf("af 00", "2b118800"), bytesOf("af 01", FRAMES.aac())]);
    expect(heard.tracks).toMatchObject([{ config: { codec: "mp4a.40.5", sampleRate: 48000 } }]);
    expect(heard.packets[0]?.duration).toBe(42_667);
  });

  it("reads MP3, whose frames are their own configuration", () => {
    const heard = decode(AUDIO, [bytesOf("2f", FRAMES.mp3(1)), bytesOf("2f", FRAMES.mp3(2))]);
    expect(heard.tracks).toMatchObject([
      { codec: "mp3", config: { sampleRate: 44100, numberOfChannels: 2 } },
    ]);
    expect(data(heard)).toEqual([FRAMES.mp3(1), FRAMES.mp3(2)]);
    expect(heard.packets[0]?.duration).toBe(26_122);
    expect(decode(AUDIO, [bytesOf("ef", FRAMES.mp3(1))]).packets).toHaveLength(1);
    expect(messages(decode(AUDIO, [bytesOf("2f 00112233445566")]))[0]).toMatch(/^(malformed|unsupported): /);
  });

  it("refuses AAC with a framing of its own", () => {
    const adts = bytesOf("af 01", "fff15080021ffc", FRAMES.aac());
    const loas = bytesOf("af 01", "56e004", "20001190");
    const heard = decode(AUDIO, [aacHeader, adts, loas, bytesOf("af 01", FRAMES.aac())]);
    expect(heard.packets).toHaveLength(1);
    expect(messages(heard)).toEqual([
      "unsupported: AAC with ADTS headers inside FLV",
      "unsupported: AAC in LATM inside FLV",
    ]);
  });

  it("passes over silence and names what it does not carry", () => {
    expect(
      decode(
        AUDIO,
        ["", "af", "af 01", "2f"].map((hex) => bytesOf(hex)),
      ),
    ).toMatchObject({
      packets: [],
      dropped: [],
    });
    expect(
      messages(
        decode(
          AUDIO,
          ["b2 00", "72 00", "3e 00", "c0 00", "af 02 00"].map((hex) => bytesOf(hex)),
        ),
      ),
    ).toEqual([
      "unsupported: audio codec Speex",
      "unsupported: audio codec G.711 A-law",
      "unsupported: audio codec PCM, little endian",
      "unsupported: audio codec format 12",
      "malformed: AACPacketType 2",
    ]);
  });
});

describe("enhanced video", () => {
  const hvc1 = "68766331";
  const start = bytesOf("90", hvc1, CONFIGS.hevc);

  it("reads all of its packet types", () => {
    const heard = decode(VIDEO, [
      start,
      bytesOf("91", hvc1, "000050", FRAMES.hevcKey()),
      bytesOf("a1", hvc1, "ffffd8", FRAMES.hevcInter(1)),
      bytesOf("a3", hvc1, FRAMES.hevcInter(2)),
      bytesOf("94", hvc1, encodeAmf0(["colorInfo", { colorConfig: { bitDepth: 10 } }])),
      bytesOf("d4", hvc1, encodeAmf0(["colorInfo", {}])),
      bytesOf("d1 00"),
      bytesOf("92", hvc1),
    ]);
    expect(heard.dropped).toEqual([]);
    expect(data(heard)).toEqual([FRAMES.hevcKey(), FRAMES.hevcInter(1), FRAMES.hevcInter(2)]);
    expect(heard.packets.map(({ pts, dts }) => pts - dts)).toEqual([80_000, -40_000, 0]);
  });

  it.each([
    ["avc1", "61766331", CONFIGS.avc, FRAMES.avcKey(), "000000"],
    ["av01", "61763031", CONFIGS.av1, FRAMES.av1Key(), ""],
    ["vp09", "76703039", CONFIGS.vp9, FRAMES.vp9Key(), ""],
  ])("reads %s", (_name, fourCc, configuration, frame, compositionTime) => {
    const heard = decode(VIDEO, [
      bytesOf("90", fourCc, configuration),
      bytesOf("91", fourCc, compositionTime, frame),
      bytesOf("93", fourCc, frame),
    ]);
    expect(heard.dropped).toEqual([]);
    expect(data(heard)).toEqual([frame, frame]);
    expect(heard.packets.map(({ key }) => key)).toEqual([true, true]);
  });

  it("takes the size of VP9 from its key frames", () => {
    const start = bytesOf("90 76703039", CONFIGS.vp9);
    // The same with the box's version and flags, as FFmpeg writes it.
    const boxed = bytesOf("90 76703039 01000000", CONFIGS.vp9);
    const key = bytesOf("91 76703039", FRAMES.vp9Key());
    const inter = bytesOf("a1 76703039", FRAMES.vp9Inter());
    const heard = decode(VIDEO, [start, inter, key, inter, boxed, key, start, inter]);
    expect(heard.tracks).toMatchObject([
      { codec: "vp9", config: { codedWidth: 64, codedHeight: 48, description: CONFIGS.vp9 } },
    ]);
    expect(new Set(heard.packets.map(({ track }) => track))).toEqual(new Set(heard.tracks));
    expect(heard.packets).toHaveLength(4);
    expect(messages(heard)).toEqual(["malformed: vp9 frame before its first key frame"]);
  });

  it("names what it does not carry", () => {
    expect(
      messages(
        decode(VIDEO, [
          bytesOf("91 76703038 0000"),
          bytesOf("91 76766331 000000 00"),
          bytesOf("95 61763031 00"),
          bytesOf("99 68766331 00"),
          bytesOf("96 31 68766331 00 00"),
        ]),
      ),
    ).toEqual([
      "unsupported: video codec vp08",
      "unsupported: video codec vvc1",
      "unsupported: video as MPEG-2 TS inside FLV",
      "unsupported: VideoPacketType 9",
      "unsupported: AvMultitrackType 3",
    ]);
  });

  describe("ModEx", () => {
    it("adds TimestampOffsetNano to the presentation time, rounded", () => {
      const heard = decode(VIDEO, [start, bytesOf("97 02 0a2c2a 01", hvc1, "000050", FRAMES.hevcKey())]);
      // 666,666 ns.
      expect(heard.packets).toMatchObject([
        { dts: 1_001_000, pts: 1_081_667, key: true, data: FRAMES.hevcKey() },
      ]);
    });

    it("is unwrapped however often, whatever its size and type", () => {
      const long = bytesOf("ff 012b", new Uint8Array(0x12c));
      const body = bytesOf("97 00 ee f7", long, "17 02 0003e8 03", hvc1, FRAMES.hevcKey());
      const heard = decode(VIDEO, [start, body]);
      expect(heard.dropped).toEqual([]);
      expect(heard.packets).toMatchObject(
        [{ pts: 1_001_001, data: FRAMES.hevcKey() }].map((p) => ({ data: p.data })),
      );
    });

    it("wraps configurations and multitrack as well", () => {
      const heard = decode(VIDEO, [
        bytesOf("97 02 000000 00", hvc1, CONFIGS.hevc),
        bytesOf("97 02 0003e8 06 01", hvc1, "00", "000000", FRAMES.hevcKey()),
      ]);
      expect(heard.dropped).toEqual([]);
      expect(heard.packets).toMatchObject([{ dts: 1_001_000, pts: 1_001_001 }]);
    });

    it("is limited, and dropped where it ends early", () => {
      const endless = bytesOf("97", ...Array.from({ length: 17 }, () => "00 00 f7"), "00 00 f1", hvc1);
      expect(messages(decode(VIDEO, [endless, bytesOf("97 05 00"), bytesOf("97 01 0000 01", hvc1)]))).toEqual(
        [
          "limit: more than 16 ModEx in one tag",
          expect.stringMatching(/^truncated: /),
          "malformed: TimestampOffsetNano of 2 bytes, needs 3",
        ],
      );
    });
  });

  describe("Multitrack", () => {
    const size = (bytes: Uint8Array) => bytesOf(0, bytes.length >> 8, bytes.length & 0xff);
    const key = bytesOf("000000", FRAMES.hevcKey(1));
    const other = bytesOf("000000", FRAMES.hevcKey(2));

    it("OneTrack: reads the track that came first, and leaves the others out", () => {
      const heard = decode(VIDEO, [
        bytesOf("96 00", hvc1, "05", CONFIGS.hevc),
        bytesOf("96 00", hvc1, "07", CONFIGS.hevc),
        bytesOf("96 01", hvc1, "05", key),
        bytesOf("96 01", hvc1, "07", other),
      ]);
      expect(data(heard)).toEqual([FRAMES.hevcKey(1)]);
      expect(heard.tracks).toHaveLength(1);
      expect(heard.dropped).toEqual([]);
    });

    it("ManyTracks: takes its track out of the whole", () => {
      const both = (packetType: string, first: Uint8Array, second: Uint8Array) =>
        bytesOf("96", packetType, hvc1, "00", size(first), first, "01", size(second), second);
      const heard = decode(VIDEO, [both("10", CONFIGS.hevc, CONFIGS.hevc), both("11", key, other)]);
      expect(data(heard)).toEqual([FRAMES.hevcKey(1)]);
      expect(heard.dropped).toEqual([]);
    });

    it("ManyTracksManyCodecs: takes the first one that it carries", () => {
      const vp8 = bytesOf("76703038", "00", size(key), key);
      const config = bytesOf(hvc1, "02", size(CONFIGS.hevc), CONFIGS.hevc);
      const heard = decode(VIDEO, [
        bytesOf("96 20", vp8, config),
        bytesOf(
          "96 21",
          vp8,
          hvc1,
          "02",
          size(key),
          key,
          "61763031",
          "03",
          size(FRAMES.av1Key()),
          FRAMES.av1Key(),
        ),
      ]);
      expect(data(heard)).toEqual([FRAMES.hevcKey(1)]);
      expect(messages(heard)).toEqual(["unsupported: video codec vp08"]);
    });

    it("prefers track 0, which is also what stands outside Multitrack", () => {
      const heard = decode(VIDEO, [
        bytesOf("96 00", hvc1, "01", CONFIGS.hevc),
        bytesOf("96 01", hvc1, "01", other),
        avcHeader,
        bytesOf("96 01", hvc1, "01", other),
        bytesOf("17 01 000000", FRAMES.avcKey(9)),
        bytesOf("96 00", hvc1, "01", CONFIGS.hevc),
      ]);
      expect(data(heard)).toEqual([FRAMES.hevcKey(2), FRAMES.avcKey(9)]);
      expect(heard.tracks.map(({ codec }) => codec)).toEqual(["hevc", "avc"]);
      expect(heard.dropped).toEqual([]);
    });

    it("reads the one picture that it is told to, and nothing else", () => {
      const packets: Uint8Array[] = [];
      const tracks: string[] = [];
      const dropped: unknown[] = [];
      const decoder = createTagDecoder(
        {
          track: ({ codec }) => tracks.push(codec),
          packet: (packet) => packets.push(packet.data),
          dropped: (error) => dropped.push(error),
        },
        { videoTrack: 1 },
      );
      const both = (packetType: string, first: Uint8Array, second: Uint8Array) =>
        bytesOf("96", packetType, hvc1, "00", size(first), first, "01", size(second), second);
      const bodies = [avcHeader, both("10", CONFIGS.hevc, CONFIGS.hevc), both("11", key, other), avcHeader];
      for (const body of bodies) decoder.decode(VIDEO, 1000, body, 0);
      expect([packets, tracks, dropped]).toEqual([[FRAMES.hevcKey(2)], ["hevc"], []]);
    });

    it("is dropped where it is nested or ends early", () => {
      expect(
        messages(
          decode(VIDEO, [
            bytesOf("96 06", hvc1),
            bytesOf("96 07", hvc1),
            bytesOf("96 11", hvc1, "00 000009 00"),
            bytesOf("96 11", hvc1, ...Array.from({ length: 257 }, () => "01 000000")),
          ]),
        ),
      ).toEqual([
        "malformed: packet type 6 inside Multitrack",
        "malformed: packet type 7 inside Multitrack",
        expect.stringMatching(/^truncated: /),
        "limit: more than 256 tracks in one tag",
      ]);
    });
  });
});

describe("enhanced audio", () => {
  const opus = "4f707573";

  it("reads all of its packet types", () => {
    const heard = decode(AUDIO, [
      bytesOf("90", opus, CONFIGS.opus),
      bytesOf("90", opus, "4f70757354616773 00000000 00000000"),
      bytesOf("94", opus, "01 02 00000003"),
      bytesOf("91", opus, FRAMES.opus()),
      bytesOf("97 02 0a2c2a 01", opus, FRAMES.opus(1)),
      bytesOf("92", opus),
    ]);
    expect(heard.dropped).toEqual([]);
    expect(heard.tracks).toMatchObject([
      { codec: "opus", config: { sampleRate: 48000, numberOfChannels: 2 } },
    ]);
    expect(heard.packets).toMatchObject([
      { dts: 1_003_000, pts: 1_003_000, duration: 20_000, data: FRAMES.opus() },
      { dts: 1_004_667, pts: 1_004_667, duration: 20_000, data: FRAMES.opus(1) },
    ]);
  });

  it("reads mp4a and .mp3", () => {
    const aac = decode(AUDIO, [bytesOf("90 6d703461", CONFIGS.aac), bytesOf("91 6d703461", FRAMES.aac())]);
    expect(data(aac)).toEqual([FRAMES.aac()]);
    const mp3 = decode(AUDIO, [bytesOf("90 2e6d7033 00"), bytesOf("91 2e6d7033", FRAMES.mp3())]);
    expect(data(mp3)).toEqual([FRAMES.mp3()]);
    expect([...aac.dropped, ...mp3.dropped]).toEqual([]);
  });

  it("reads one track of Multitrack", () => {
    const heard = decode(AUDIO, [
      bytesOf("95 00", opus, "03", CONFIGS.opus),
      bytesOf("95 11", opus, "01 000003", FRAMES.opus(1), "03 000003", FRAMES.opus(3)),
      bytesOf("95 21", "664c6143 01 000001 00", opus, "03 000003", FRAMES.opus(5)),
    ]);
    expect(data(heard)).toEqual([FRAMES.opus(3), FRAMES.opus(5)]);
    expect(heard.dropped).toEqual([]);
  });

  it("names what it does not carry", () => {
    expect(
      messages(
        decode(
          AUDIO,
          ["91 664c6143 00", "91 61632d33 00", "91 65632d33 00", "93 4f707573 00", "91 00010203 00"].map(
            (hex) => bytesOf(hex),
          ),
        ),
      ),
    ).toEqual([
      "unsupported: audio codec fLaC",
      "unsupported: audio codec ac-3",
      "unsupported: audio codec ec-3",
      "unsupported: AudioPacketType 3",
      "unsupported: audio codec ????",
    ]);
  });
});

describe("script data", () => {
  it("gives metadata, with or without @setDataFrame", () => {
    const object = { width: 64, encoder: "x", hidden: undefined, when: new Date(0), list: [1, undefined] };
    const expected = { width: 64, encoder: "x", when: "1970-01-01T00:00:00.000Z", list: [1, null] };
    const plain = encodeAmf0(["onMetaData", object]);
    const set = encodeAmf0(["@setDataFrame", "onMetaData", object]);
    const heard = decode(SCRIPT, [plain, set, bytesOf(plain, "00"), encodeAmf0(["onMetaData"])]);
    expect(heard.metadata).toEqual([expected, expected, expected, {}]);
    expect(decode(SCRIPT_AMF3, [bytesOf("00", set), plain]).metadata).toEqual([expected, expected]);
    expect(heard.packets).toEqual([]);
  });

  it("keeps a field named __proto__ a field", () => {
    const fields = Object.fromEntries([["__proto__", { polluted: true }]]);
    const [metadata] = decode(SCRIPT, [encodeAmf0(["onMetaData", fields])]).metadata;
    expect(Object.keys(metadata ?? {})).toEqual(["__proto__"]);
    expect(Object.getPrototypeOf(metadata)).toBe(Object.prototype);
  });

  it("gives everything else as packets of the data track", () => {
    const cue = encodeAmf0(["onCuePoint", { name: "goal", time: 3 }]);
    const text = encodeAmf0(["onTextData", { text: "hello" }]);
    const heard = decode(SCRIPT, [cue, bytesOf(encodeAmf0(["@setDataFrame"]), text)]);
    expect(heard.tracks).toEqual([{ id: 3, kind: "data", codec: "amf0", config: { codec: "amf0" } }]);
    expect(heard.packets).toMatchObject([
      { dts: 1_000_000, pts: 1_000_000, key: true, data: cue },
      { dts: 1_001_000, data: text },
    ]);
    expect(decode(SCRIPT_AMF3, [bytesOf("00", cue)]).packets).toMatchObject([{ data: cue }]);
  });

  it("leaves out what is about a connection, and what cannot be read", () => {
    const heard = decode(SCRIPT, [
      encodeAmf0(["|RtmpSampleAccess", true, true]),
      encodeAmf0(["onStatus", { code: "NetStream.Data.Start" }]),
      encodeAmf0(["@clearDataFrame", "onMetaData"]),
      bytesOf(""),
    ]);
    expect(heard).toMatchObject({ packets: [], dropped: [] });
    expect(
      decode(SCRIPT, [
        bytesOf("02 0009 41"),
        encodeAmf0([3]),
        bytesOf(encodeAmf0(["onCue"]), "00 01"),
      ]).dropped.map(({ code }) => code),
    ).toEqual(["truncated", "malformed", "truncated"]);
  });
});

describe("time", () => {
  it("goes on over the wrap at 2^32 ms, with one clock for all tracks", () => {
    const heard = listen();
    const decoder = createTagDecoder(heard.sink);
    const top = 2 ** 32;
    decoder.decode(VIDEO, 0, avcHeader, 0);
    decoder.decode(AUDIO, 0, aacHeader, 0);
    const times: [number, number][] = [
      [VIDEO, top - 20],
      [AUDIO, top - 10],
      [AUDIO, top + 13],
      [VIDEO, top - 1],
      [VIDEO, top + 20],
    ];
    for (const [type, time] of times) {
      const body = type === VIDEO ? bytesOf("17 01 000000", FRAMES.avcKey()) : bytesOf("af 01", FRAMES.aac());
      decoder.decode(type, time >>> 0, body, 0);
    }
    expect(heard.packets.map(({ dts }) => dts / 1000)).toEqual(times.map(([, time]) => time));
  });

  it("is not moved by configurations and script data that are stamped 0", () => {
    const heard = listen();
    const decoder = createTagDecoder(heard.sink);
    const late = 2 ** 31 - 10;
    const frame = bytesOf("17 01 000000", FRAMES.avcKey());
    decoder.decode(VIDEO, 0, avcHeader, 0);
    decoder.decode(VIDEO, late, frame, 0);
    decoder.decode(SCRIPT, 0, encodeAmf0(["onCuePoint", {}]), 0);
    decoder.decode(VIDEO, 0, avcHeader, 0);
    decoder.decode(VIDEO, late + 40, frame, 0);
    const times = heard.packets.filter(({ track }) => track.kind === "video").map(({ dts }) => dts / 1000);
    expect(times).toEqual([late, late + 40]);
  });
});

it("drops tags of other types", () => {
  expect(messages(decode(20, [bytesOf("00")]))).toEqual(["unsupported: tag type 20"]);
});

import { describe, expect, it } from "vitest";
import { type Mp4Track, readTracks, u16, u32 } from "../../../../fuzz/support/mp4-boxes.js";
import { fromHex, toHex } from "../../bytes/bytes.js";
import type { AudioConfig, AudioTrack, Track, VideoConfig, VideoTrack } from "../../model/track.js";
import { fmp4Format } from "./muxer.js";

const video = (codec: VideoTrack["codec"], config: Partial<VideoConfig>): VideoTrack => ({
  id: 1,
  kind: "video",
  codec,
  config: { codec: "", codedWidth: 1280, codedHeight: 720, ...config },
});

const audio = (codec: AudioTrack["codec"], config: Partial<AudioConfig>): AudioTrack => ({
  id: 2,
  kind: "audio",
  codec,
  config: { codec: "", sampleRate: 48_000, numberOfChannels: 2, ...config },
});

/** What the file says about its only track. */
function written(track: Track): Mp4Track {
  const muxer = fmp4Format().createMuxer({ tracks: [track], metadata: {}, zero: 0 });
  const [first, second] = readTracks(muxer.start([track], 0));
  if (first === undefined || second !== undefined) throw new Error("not exactly one track");
  return first;
}

function config(track: Mp4Track, type: string): string {
  const box = track.entryBoxes.find((each) => each.type === type);
  return box === undefined ? `no ${type}` : toHex(box.content);
}

describe("video sample entries", () => {
  const record = fromHex("01 64 00 1f ff e1 00 02 67 64 01 00 02 68 ee");

  it.each([
    ["avc", "avc1", "avcC"],
    ["hevc", "hvc1", "hvcC"],
    ["av1", "av01", "av1C"],
  ] as const)("%s: the record as it is", (codec, entry, box) => {
    const track = written(video(codec, { description: record }));
    expect(track).toMatchObject({ handler: "vide", timescale: 1_000_000, entry, defaultFlags: 0x01010000 });
    expect(config(track, box)).toBe(toHex(record));
    expect([u16(track.entryContent, 24), u16(track.entryContent, 26)]).toEqual([1280, 720]);
    expect(u16(track.entryContent, 6)).toBe(1); // data_reference_index
  });

  it.each([
    ["the bare record", "00 1f 82 01 01 01 00 00"],
    ["version and flags before it", "01 00 00 00 00 1f 82 01 01 01 00 00"],
  ])("VP9 from %s", (_, description) => {
    const track = written(video("vp9", { description: fromHex(description) }));
    expect(track.entry).toBe("vp09");
    expect(config(track, "vpcC")).toBe("01000000001f820101010000");
  });

  it("VP9 from its codec string, short and long", () => {
    expect(config(written(video("vp9", { codec: "vp09.00.31.08" })), "vpcC")).toBe(
      "01000000001f820101010000",
    );
    const long = "vp09.02.10.10.03.09.16.09.01";
    expect(config(written(video("vp9", { codec: long })), "vpcC")).toBe("01000000020aa70910090000");
  });
});

describe("audio sample entries", () => {
  it("AAC: esds with the AudioSpecificConfig", () => {
    const track = written(audio("aac", { description: fromHex("1190"), samplesPerFrame: 1024 }));
    expect(track).toMatchObject({
      handler: "soun",
      timescale: 48_000,
      entry: "mp4a",
      defaultFlags: 0x02000000,
    });
    expect(config(track, "esds")).toBe(
      "00000000" + // version, flags
        "0319" + // ES_Descriptor
        "000000" +
        "0411" + // DecoderConfigDescriptor
        "4015000000" +
        "0000000000000000" +
        "05021190" + // DecoderSpecificInfo
        "060102", // SLConfigDescriptor
    );
    expect([u16(track.entryContent, 16), u16(track.entryContent, 18)]).toEqual([2, 16]);
    expect(u32(track.entryContent, 24)).toBe(48_000 * 65_536);
  });

  it("AAC: a long configuration has its length in groups of seven bits", () => {
    const description = new Uint8Array(300).fill(0x11);
    const esds = config(written(audio("aac", { description })), "esds");
    // 300 = 2 * 128 + 44; 13 + 3 + 300 = 316; 3 + 3 + 316 + 3 = 325
    expect(esds.slice(8, 14)).toBe("038245");
    expect(esds.slice(20, 26)).toBe("04823c");
    expect(esds.slice(52, 58)).toBe("05822c");
    expect(esds.endsWith(`${toHex(description)}060102`)).toBe(true);
  });

  it("a rate over 16 bits is left to the timescale", () => {
    const track = written(audio("aac", { description: fromHex("1010"), sampleRate: 96_000 }));
    expect(track.timescale).toBe(96_000);
    expect(u32(track.entryContent, 24)).toBe(0);
  });

  it("MP3: esds with its object type and nothing specific", () => {
    const track = written(audio("mp3", { sampleRate: 44_100 }));
    expect(track).toMatchObject({ timescale: 44_100, entry: "mp4a" });
    expect(config(track, "esds")).toBe(
      "00000000031500000004 0d 6b15000000 0000000000000000 060102".replace(/ /g, ""),
    );
  });

  it("Opus: OpusHead's fields the other way round", () => {
    const head = fromHex("4f707573 48656164 01 02 3801 44ac0000 00ff 00");
    const track = written(audio("opus", { description: head, sampleRate: 48_000 }));
    expect(track).toMatchObject({ timescale: 48_000, entry: "Opus" });
    expect(config(track, "dOps")).toBe("0002" + "0138" + "0000ac44" + "ff00" + "00");
  });

  it("Opus: a channel mapping goes along", () => {
    const head = fromHex("4f707573 48656164 01 06 3801 80bb0000 0000 01 04 02 000401020305");
    const track = written(audio("opus", { description: head, numberOfChannels: 6 }));
    expect(config(track, "dOps")).toBe(
      "0006" + "0138" + "0000bb80" + "0000" + "01" + "0402" + "000401020305",
    );
    expect(u16(track.entryContent, 16)).toBe(6);
  });
});

describe("carries", () => {
  const format = fmp4Format();

  it.each<[string, Track]>([
    ["data", { id: 3, kind: "data", codec: "amf0", config: { codec: "amf0" } }],
    ["AVC without avcC", video("avc", { codec: "avc1.64001f" })],
    ["VP9 of which nothing is known", video("vp9", { codec: "vp9" })],
    ["a truncated vpcC", video("vp9", { description: fromHex("00 1f 82") })],
    ["AAC without AudioSpecificConfig", audio("aac", {})],
    ["a truncated OpusHead", audio("opus", { description: fromHex("4f707573 48656164 01 02 38") })],
    [
      "an OpusHead without its mapping",
      audio("opus", { description: fromHex("4f707573 48656164 01 03 3801 80bb0000 0000 01 02") }),
    ],
    ["a rate of 0", audio("mp3", { sampleRate: 0 })],
  ])("not %s", (_, track) => {
    expect(format.carries(track)).toBe(false);
  });

  it("what has its configuration", () => {
    expect(format.carries(video("avc", { description: fromHex("01") }))).toBe(true);
    expect(format.carries(audio("mp3", {}))).toBe(true);
  });
});

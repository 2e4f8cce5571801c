import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { concat } from "../../src/av/concat.js";
import { cut } from "../../src/av/cut.js";
import { probe } from "../../src/av/probe.js";
import { remux } from "../../src/av/remux.js";
import { type TranscodeOptions, transcode } from "../../src/av/transcode.js";
import { H264_AAC, mediaFolder } from "../support/media-files.js";
import { type ReadPacket, type ReadTrack, readWithMediabunny } from "../support/mediabunny.js";
import { type ProbedPacket, packetsOf } from "../support/packets-of.js";
import { killPrograms } from "../support/program.js";

// FFmpeg makes our files, and is what reads them in the other tests. Here somebody else does: what mediabunny finds in an
// output beside what ffprobe finds in the source.

const media = mediaFolder();
const { path: at } = media;
afterAll(async () => {
  await killPrograms();
  media.remove();
});

beforeAll(async () => {
  await media.make("in.mp4", 4, H264_AAC, "160x90");
});

const FRAME_US = 40_000;
/**
 * Half a tick of the container's clock, in microseconds, and what mediabunny and ffprobe round by. A transport stream has a
 * time for each dozen or so of sounds: those between are reckoned by the reader, in whole ticks.
 */
const ROUNDING: Readonly<Record<string, number>> = { mp4: 13, mkv: 502, webm: 502, ts: 30 };
const rounding = (file: string): number => ROUNDING[file.slice(file.lastIndexOf(".") + 1)] ?? Number.NaN;

/** The one picture and the one sound that a file has. */
async function read(name: string): Promise<{ video: ReadTrack; audio: ReadTrack; mime: string }> {
  const { mime, tracks } = await readWithMediabunny(at(name));
  expect(tracks.map(({ kind }) => kind)).toEqual(["video", "audio"]);
  const [video, audio] = tracks as [ReadTrack, ReadTrack];
  return { video, audio, mime };
}

/** By how much each packet has moved. */
function moved(before: readonly ProbedPacket[], after: readonly ReadPacket[]): number[] {
  expect(after.map(({ key }) => key)).toEqual(before.map(({ key }) => key));
  return after.map(({ pts }, i) => pts - (before[i]?.pts ?? Number.NaN));
}

const spread = (values: readonly number[]): number => Math.max(...values) - Math.min(...values);
const hashes = (packets: readonly { readonly hash: string }[]) => packets.map(({ hash }) => hash);

describe("what remux writes", () => {
  it.each([
    ["fast.mp4", {}, "video/mp4"],
    ["fragments.mp4", { fragmented: true }, "video/mp4"],
    ["a.mkv", {}, "video/x-matroska"],
    ["a.ts", {}, "video/MP2T"],
  ])(
    "as %s, is read by mediabunny with the same tracks, packets, key frames and times",
    async (to, options, kind) => {
      await remux(at("in.mp4"), at(to), options).done;
      const { video, audio, mime } = await read(to);
      expect(mime).toBe(`${kind}; codecs="avc1.4d400b, mp4a.40.2"`);
      expect(video).toMatchObject({ width: 160, height: 90, rotation: 0, hdr: false });
      expect(audio).toMatchObject({ sampleRate: 44_100, channels: 1 });
      const [pictures, sounds] = [
        await packetsOf(at("in.mp4"), "video"),
        await packetsOf(at("in.mp4"), "audio"),
      ];
      expect(pictures.length).toBe(100);
      // One offset for both.
      const offsets = [...moved(pictures, video.packets), ...moved(sounds, audio.packets)];
      expect(spread(offsets)).toBeLessThanOrEqual(2 * rounding(to));
      // A transport stream frames them anew.
      if (to.endsWith(".ts")) return;
      expect(hashes(video.packets)).toEqual(hashes(pictures));
      expect(hashes(audio.packets)).toEqual(hashes(sounds));
    },
  );
});

describe("what cut and concat write", () => {
  it.each(["part.mp4", "part.mkv"])("as %s, is read as the packets from the key frame on", async (to) => {
    const { startUs } = await cut(at("in.mp4"), at(to), { fromMs: 1_500, toMs: 2_900 }).done;
    expect(startUs).toBe(1_000_000);
    const { video, audio } = await read(to);
    const pictures = (await packetsOf(at("in.mp4"), "video")).slice(25, 25 + video.packets.length);
    expect(video.packets.length).toBeGreaterThanOrEqual(47);
    expect(hashes(video.packets)).toEqual(hashes(pictures));
    const sounds = await packetsOf(at("in.mp4"), "audio");
    const first = sounds.findIndex(({ hash }) => hash === audio.packets[0]?.hash);
    const heard = sounds.slice(first, first + audio.packets.length);
    expect(hashes(audio.packets)).toEqual(hashes(heard));
    const offsets = [...moved(pictures, video.packets), ...moved(heard, audio.packets)];
    // The picture begins the file, and the sound beside it where it was.
    expect(Math.abs((offsets[0] ?? 0) + 1_000_000)).toBeLessThanOrEqual(rounding(to));
    expect(spread(offsets)).toBeLessThanOrEqual(2 * rounding(to));
  });

  it("is read twice over where it was joined to itself", async () => {
    await concat([at("in.mp4"), at("in.mp4")], at("twice.mp4")).done;
    const { video } = await read("twice.mp4");
    const pictures = await packetsOf(at("in.mp4"), "video");
    expect(hashes(video.packets)).toEqual(hashes([...pictures, ...pictures]));
    const again = moved(pictures, video.packets.slice(100));
    expect(spread(again)).toBeLessThanOrEqual(2 * rounding("twice.mp4"));
    // The sound of the first is the longer track, by a frame at most.
    expect((again[0] ?? 0) - 4_000_000).toBeGreaterThanOrEqual(0);
    expect((again[0] ?? 0) - 4_000_000).toBeLessThanOrEqual(47_000);
  });
});

describe("what transcode writes", () => {
  const preset = { preset: "ultrafast" };
  it.each<[string, TranscodeOptions, string, string, string]>([
    ["h264.mp4", preset, "avc1.", "mp4a.40.2", "h264"],
    ["hevc.mp4", { video: "hevc", ...preset }, "hev1.1.6.", "mp4a.40.2", "hevc"],
    ["av1.mkv", { video: "av1", preset: "12" }, "av01.0.00M.08", "mp4a.40.2", "av1"],
    ["vp9.webm", { preset: "8" }, "vp09.00.10.08", "opus", "vp9"],
  ])(
    "as %s, is read by mediabunny as probe reads it, each picture at its time",
    async (to, options, picture, sound, codec) => {
      await transcode(at("in.mp4"), at(to), { scale: { width: 128, height: 72 }, ...options }).done;
      const { video, audio } = await read(to);
      // Of HEVC it says hev1 whatever the tag is.
      expect(video.codec).toContain(picture);
      expect(audio.codec).toBe(sound);
      expect(video).toMatchObject({ width: 128, height: 72 });
      expect(video.packets[0]?.key).toBe(true);
      const shown = video.packets.map(({ pts }) => pts).sort((a, b) => a - b);
      expect(shown).toHaveLength(100);
      const offsets = shown.map((pts, i) => pts - i * FRAME_US);
      expect(spread(offsets)).toBeLessThanOrEqual(2 * rounding(to));
      const { tracks } = await probe(at(to));
      const found = tracks.find(({ kind }) => kind === "video");
      const heard = tracks.find(({ kind }) => kind === "audio");
      if (found?.kind !== "video" || heard?.kind !== "audio") throw new Error("a track is missing");
      expect(found).toMatchObject({ codec, width: video.width, height: video.height, fps: 25 });
      expect(heard).toMatchObject({ sampleRate: audio.sampleRate, channels: audio.channels });
      const keys = video.packets.filter(({ key }) => key);
      const gaps = keys.slice(1).map(({ pts }, i) => pts - (keys[i]?.pts ?? 0));
      if (gaps.length > 0)
        expect(Math.abs((found.gop?.longestUs ?? 0) - Math.max(...gaps))).toBeLessThanOrEqual(1_000);
    },
  );
});

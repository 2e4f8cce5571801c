import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  boxAt,
  boxesAt,
  type Mp4Fragment,
  type Mp4Sample,
  readBoxes,
  readFragments,
  readTracks,
  u32,
} from "../../../../fuzz/support/mp4-boxes.js";
import { concatBytes } from "../../bytes/bytes.js";
import { ByteWriter } from "../../bytes/writer.js";
import type { Muxer } from "../../model/container.js";
import type { Packet } from "../../model/packet.js";
import type { AudioTrack, Track, VideoTrack } from "../../model/track.js";
import { fmp4Format } from "./muxer.js";

const SYNC = 0x02000000;
const NON_SYNC = 0x01010000;

const video: VideoTrack = {
  id: 1,
  kind: "video",
  codec: "avc",
  config: {
    codec: "avc1.64001f",
    description: Uint8Array.of(1, 0x64, 0, 0x1f),
    codedWidth: 640,
    codedHeight: 360,
  },
};
const audio: AudioTrack = {
  id: 2,
  kind: "audio",
  codec: "aac",
  config: {
    codec: "mp4a.40.2",
    description: Uint8Array.of(0x11, 0x90),
    sampleRate: 48_000,
    numberOfChannels: 2,
    samplesPerFrame: 1024,
  },
};
const opus: AudioTrack = {
  id: 2,
  kind: "audio",
  codec: "opus",
  config: {
    codec: "opus",
    description: Uint8Array.from(
      [..."OpusHead"].map((c) => c.charCodeAt(0)).concat(1, 2, 0, 0, 0x80, 0xbb, 0, 0, 0, 0, 0),
    ),
    sampleRate: 48_000,
    numberOfChannels: 2,
  },
};

let serial = 0;
function packet(track: Track, dtsMs: number, more: Partial<Packet> = {}): Packet {
  serial += 1;
  const dts = Math.round(dtsMs * 1000);
  return {
    track,
    dts,
    pts: dts,
    key: true,
    data: Uint8Array.of(serial >> 8, serial, 7),
    receivedAt: 0,
    ...more,
  };
}

function muxerOf(tracks: readonly Track[], zero = 0): Muxer {
  return fmp4Format().createMuxer({ tracks, metadata: {}, zero });
}

/** Muxes one fragment per group and reads them back. */
function fragments(
  tracks: readonly Track[],
  groups: readonly (readonly Packet[])[],
  zero = 0,
): Mp4Fragment[] {
  const muxer = muxerOf(tracks, zero);
  const out = new ByteWriter();
  for (const group of groups) {
    for (const each of group) muxer.write(each, out);
    muxer.flush(out);
  }
  return readFragments(out.finish(), readTracks(muxer.start(tracks, 0)));
}

/** The samples of one track, fragment by fragment. */
function samplesOf(read: readonly Mp4Fragment[], trackId: number): (readonly Mp4Sample[])[] {
  return read.map(({ tracks }) => tracks.find((track) => track.trackId === trackId)?.samples ?? []);
}

describe("initialization segment", () => {
  it("is ftyp and a moov without samples that announces fragments", () => {
    const init = readBoxes(muxerOf([video, audio]).start([video, audio], 0));
    expect(init.map(({ type }) => type)).toEqual(["ftyp", "moov"]);
    expect(boxAt(init, "moov").children.map(({ type }) => type)).toEqual(["mvhd", "trak", "trak", "mvex"]);
    expect(u32(boxAt(init, "moov/mvhd").content, 16)).toBe(0); // duration
    expect(u32(boxAt(init, "moov/mvhd").content, 96)).toBe(3); // next_track_ID
    for (const stbl of boxesAt(init, "moov/trak/mdia/minf/stbl")) {
      expect(stbl.children.map(({ type }) => type)).toEqual(["stsd", "stts", "stsc", "stco", "stsz"]);
    }
    const [tkhd] = boxesAt(init, "moov/trak/tkhd");
    expect([u32(tkhd?.content as Uint8Array, 76), u32(tkhd?.content as Uint8Array, 80)]).toEqual([
      640 * 65_536,
      360 * 65_536,
    ]);
  });

  it("does not depend on what was written before", () => {
    const muxer = muxerOf([video, audio]);
    const before = muxer.start([video, audio], 0);
    const out = new ByteWriter();
    muxer.write(packet(video, 0), out);
    muxer.flush(out);
    expect(muxer.start([video, audio], 1_000_000)).toEqual(before);
  });

  it("leaves out what MP4 does not carry", () => {
    const data: Track = { id: 3, kind: "data", codec: "amf0", config: { codec: "amf0" } };
    const tracks = readTracks(muxerOf([data, audio]).start([data, audio], 0));
    expect(tracks.map(({ entry }) => entry)).toEqual(["mp4a"]);
  });
});

describe("fragments", () => {
  it("hold what was written since the last flush, one traf a track, in order", () => {
    const first = [packet(video, 0), packet(audio, 0), packet(video, 40, { key: false }), packet(audio, 21)];
    const second = [packet(video, 80, { key: false })];
    const read = fragments([video, audio], [first, second]);
    expect(read.map(({ sequence }) => sequence)).toEqual([1, 2]);
    expect(read.map(({ tracks }) => tracks.map(({ trackId }) => trackId))).toEqual([[1, 2], [1]]);
    expect(
      samplesOf(read, 1)
        .flat()
        .map(({ data }) => data),
    ).toEqual([...first, ...second].filter(({ track }) => track === video).map(({ data }) => data));
    expect(
      samplesOf(read, 2)
        .flat()
        .map(({ data }) => data),
    ).toEqual(first.filter(({ track }) => track === audio).map(({ data }) => data));
    expect(
      samplesOf(read, 1)
        .flat()
        .map(({ flags }) => flags),
    ).toEqual([SYNC, NON_SYNC, NON_SYNC]);
    expect(
      samplesOf(read, 2)
        .flat()
        .map(({ flags }) => flags),
    ).toEqual([SYNC, SYNC]);
  });

  it("are not there when nothing was written", () => {
    const muxer = muxerOf([video]);
    const out = new ByteWriter();
    muxer.flush(out);
    muxer.write(packet(audio, 0), out); // not announced
    muxer.flush(out);
    expect(out.length).toBe(0);
  });

  it("may begin anywhere in the writer", () => {
    const muxer = muxerOf([video]);
    const out = new ByteWriter();
    out.write(new Uint8Array(5));
    muxer.write(packet(video, 0), out);
    muxer.flush(out);
    const tracks = readTracks(muxer.start([video], 0));
    expect(readFragments(out.finish().subarray(5), tracks)).toHaveLength(1);
  });

  it("keep signed composition offsets, and none where all are 0", () => {
    const reordered = [
      packet(video, 0, { pts: 80_000 }),
      packet(video, 40, { pts: 40_000, key: false }),
      packet(video, 80, { pts: 40_000, key: false }),
    ];
    const [samples] = samplesOf(fragments([video], [reordered]), 1);
    expect(samples?.map(({ dts, pts }) => [dts, pts])).toEqual([
      [0, 80_000],
      [40_000, 40_000],
      [80_000, 40_000],
    ]);
    const muxer = muxerOf([video]);
    const out = new ByteWriter();
    muxer.write(packet(video, 0), out);
    muxer.flush(out);
    const trun = boxAt(readBoxes(out.finish()), "moof/traf/trun").content;
    expect(u32(trun, 0)).toBe(0x01000701);
  });

  it("clamp a composition offset beyond 32 bits instead of wrapping it", () => {
    const far = 8_388_607_000; // the most that FLV's 24 bits of milliseconds say
    const [samples] = samplesOf(fragments([video], [[packet(video, 0, { pts: far })]]), 1);
    expect(samples?.[0]?.pts).toBe(0x7fffffff);
  });

  it("carry times beyond 32 bits, exactly", () => {
    const ms = 2 ** 32 + 12_345;
    const read = fragments([video, audio], [[packet(video, ms), packet(audio, ms)]]);
    expect(samplesOf(read, 1).flat()[0]?.dts).toBe(ms * 1000);
    expect(samplesOf(read, 2).flat()[0]?.dts).toBe(ms * 48);
  });

  it("count from zero, and from 0 where a packet lies before it", () => {
    const read = fragments([video], [[packet(video, 90, { pts: 130_000 }), packet(video, 140)]], 100_000);
    expect(
      samplesOf(read, 1)
        .flat()
        .map(({ dts, pts }) => [dts, pts]),
    ).toEqual([
      [0, 30_000],
      [40_000, 40_000],
    ]);
    const before = fragments([audio], [[packet(audio, 50), packet(audio, 71)]], 100_000);
    expect(
      samplesOf(before, 1)
        .flat()
        .map(({ dts, pts }) => [dts, pts]),
    ).toEqual([
      [0, -2400],
      [0, -1392],
    ]);
  });

  it.each([
    ["back", -500],
    ["over 71 minutes", 4_300_000],
  ])("a step %s within begins another fragment with its own time", (_, step) => {
    const from = 1_000_000;
    const read = fragments(
      [video, audio],
      [[packet(video, from), packet(audio, from), packet(video, from + step)]],
    );
    expect(read.map(({ sequence }) => sequence)).toEqual([1, 2]);
    expect(samplesOf(read, 1).map((samples) => samples.map(({ dts }) => dts))).toEqual([
      [from * 1000],
      [(from + step) * 1000],
    ]);
    expect(samplesOf(read, 2).map((samples) => samples.length)).toEqual([1, 0]);
  });

  it("leave out the temporal delimiter of an AV1 temporal unit", () => {
    const av1: Track = { ...video, codec: "av1", config: { ...video.config, codec: "av01.0.04M.08" } };
    const bare = Uint8Array.of(0x32, 2, 1, 2);
    const units = [bare, Uint8Array.of(0x12, 0, ...bare)];
    const read = fragments([av1], [units.map((data, i) => packet(av1, 40 * i, { data }))]);
    expect(
      samplesOf(read, 1)
        .flat()
        .map(({ data }) => data),
    ).toEqual([bare, bare]);
  });
});

describe("durations", () => {
  const every = (intervals: readonly number[], track: Track = video): Packet[][] => {
    let at = 1000;
    return intervals.map((interval) => {
      const group = [packet(track, at)];
      at += interval;
      return group;
    });
  };
  const durations = (groups: readonly (readonly Packet[])[], track: Track = video): number[] =>
    samplesOf(fragments([track], groups), 1)
      .flat()
      .map(({ duration }) => duration);

  it("inside a fragment reach to the next sample, whatever was estimated", () => {
    const group = [0, 33, 67, 100].map((ms) => packet(video, ms, { duration: 50_000 }));
    expect(durations([group])).toEqual([33_000, 34_000, 33_000, 50_000]);
  });

  it("of a fragment's last video sample are the shortest interval of late", () => {
    expect(durations(every([33, 34, 33, 33, 34])).slice(1)).toEqual([33_000, 33_000, 33_000, 33_000]);
    expect(durations(every([17, 17, 16, 17, 17, 17, 16])).slice(3)).toEqual([16_000, 16_000, 16_000, 16_000]);
  });

  it("do not grow with an outage, and follow a new pace", () => {
    const guessed = durations(every([40, 5000, 40, 40, 100, 100, 100, 100, 100, 100]));
    expect(guessed[2]).toBe(40_000);
    expect(guessed.at(-1)).toBe(100_000);
  });

  it("of the very first sample come from the frame rate, else are short", () => {
    const at25: VideoTrack = { ...video, config: { ...video.config, frameRate: 25 } };
    expect(durations([[packet(at25, 0)]], at25)).toEqual([40_000]);
    expect(durations([[packet(video, 0)]])).toEqual([20_000]);
  });

  it("of two samples with the same dts: the first has none", () => {
    expect(durations([[packet(video, 0), packet(video, 0), packet(video, 40)]]).slice(0, 2)).toEqual([
      0, 40_000,
    ]);
  });

  it("of millisecond-stamped audio meet the next fragment exactly", () => {
    const stamps = Array.from({ length: 500 }, (_, i) => Math.floor((i * 1024) / 48) + 7);
    const samples = samplesOf(
      fragments(
        [audio],
        stamps.map((ms) => [packet(audio, ms)]),
      ),
      1,
    ).flat();
    for (const [i, { dts, duration }] of samples.entries()) {
      expect(duration).toBe(1024);
      expect(dts).toBe(7 * 48 + 1024 * i);
      expect(Math.abs(dts / 48 - (stamps[i] as number))).toBeLessThanOrEqual(1);
    }
  });

  it("of audio whose timestamps jump follow the timestamps", () => {
    const stamps = [0, 21, 43, 1000, 1021, 500];
    const samples = samplesOf(
      fragments(
        [audio],
        stamps.map((ms) => [packet(audio, ms)]),
      ),
      1,
    ).flat();
    expect(samples.map(({ dts }) => dts)).toEqual([0, 1024, 2048, 48_000, 49_024, 24_000]);
  });

  it("of Opus come from each packet", () => {
    const packets = [packet(opus, 0, { duration: 20_000 }), packet(opus, 20, { duration: 60_000 })];
    expect(durations([packets], opus)).toEqual([960, 2880]);
  });
});

describe("a changed configuration", () => {
  const changed: AudioTrack = {
    ...audio,
    config: { ...audio.config, sampleRate: 44_100, description: Uint8Array.of(0x12, 0x10) },
  };

  it("is nothing that readers understand in the middle", () => {
    const format = fmp4Format();
    expect(format.canChange(audio, changed)).toBe(false);
    expect(format.canChange(audio, { ...audio })).toBe(true);
    expect(format.lateTracks).toBe(false);
  });

  it("brings what was kept, then another initialization segment, then its own timescale", () => {
    const muxer = muxerOf([video, audio]);
    const out = new ByteWriter();
    muxer.write(packet(audio, 1000), out);
    muxer.config({ ...audio }, 1_500_000, out); // the same again: nothing
    muxer.config(changed, 1_500_000, out);
    muxer.write(packet(changed, 2000), out);
    muxer.flush(out);
    const bytes = out.finish();
    expect(readBoxes(bytes).map(({ type }) => type)).toEqual([
      "moof",
      "mdat",
      "ftyp",
      "moov",
      "moof",
      "mdat",
    ]);
    const [, mdat, ftyp, , second] = readBoxes(bytes);
    const before = readTracks(muxer.start([video, audio], 0));
    const kept = readFragments(bytes.subarray(0, ftyp?.start), before);
    const init = bytes.subarray((mdat?.start as number) + (mdat?.size as number), second?.start);
    expect(init).toEqual(muxer.start([video, changed], 0));
    const after = readFragments(bytes.subarray(second?.start), readTracks(init));
    expect(samplesOf(kept, 2).flat()[0]?.dts).toBe(48_000);
    expect(samplesOf(after, 2).flat()[0]?.dts).toBe(88_200);
    expect(after[0]?.sequence).toBe(2);
  });

  it("that MP4 cannot carry takes the track out", () => {
    const muxer = muxerOf([video, audio]);
    const out = new ByteWriter();
    const { description: _, ...config } = audio.config;
    const bare: Track = { ...audio, config };
    muxer.config(bare, 0, out);
    muxer.write(packet(bare, 0), out);
    muxer.flush(out);
    expect(readTracks(out.finish()).map(({ entry }) => entry)).toEqual(["avc1"]);
  });
});

it("whatever is written is read back: all bytes, order, times", () => {
  const step = fc.record({
    video: fc.boolean(),
    key: fc.boolean(),
    stepMs: fc.integer({ min: 0, max: 200 }),
    shiftMs: fc.integer({ min: -100, max: 100 }),
    data: fc.uint8Array({ maxLength: 300 }),
    flush: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.nat(2 ** 40), (steps, zero) => {
      const muxer = muxerOf([video, audio], zero);
      const out = new ByteWriter();
      const written: Packet[] = [];
      let ms = 0;
      for (const { video: isVideo, key, stepMs, shiftMs, data, flush } of steps) {
        ms += stepMs;
        const dts = zero + ms * 1000;
        const track = isVideo ? video : audio;
        const each: Packet = {
          track,
          dts,
          pts: isVideo ? dts + shiftMs * 1000 : dts,
          key,
          data,
          receivedAt: 0,
        };
        written.push(each);
        muxer.write(each, out);
        if (flush) muxer.flush(out);
      }
      muxer.flush(out);
      const read = readFragments(out.finish(), readTracks(muxer.start([video, audio], 0)));
      const videos = samplesOf(read, 1).flat();
      expect(videos.map(({ dts, pts, flags, data }) => ({ dts, pts, flags, data }))).toEqual(
        written
          .filter(({ track }) => track === video)
          .map(({ dts, pts, key, data }) => ({
            dts: dts - zero,
            pts: pts - zero,
            flags: key ? SYNC : NON_SYNC,
            data,
          })),
      );
      const audios = samplesOf(read, 2).flat();
      const expected = written.filter(({ track }) => track === audio);
      expect(concatBytes(audios.map(({ data }) => data))).toEqual(
        concatBytes(expected.map(({ data }) => data)),
      );
      for (const [i, { dts }] of audios.entries()) {
        expect(Math.abs(dts / 48 - ((expected[i] as Packet).dts - zero) / 1000)).toBeLessThanOrEqual(1);
      }
    }),
    { seed: 20_241, numRuns: 200 },
  );
});

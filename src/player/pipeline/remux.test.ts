import { describe, expect, it } from "vitest";
import { CONFIGS, FRAMES } from "../../../fuzz/support/flv.js";
import { ByteWriter } from "../../media/bytes/writer.js";
import { readAacConfig } from "../../media/codec/aac.js";
import { readAvcConfig } from "../../media/codec/avc.js";
import { flvFormat } from "../../media/format/flv/muxer.js";
import type { AudioTrack, Track, VideoTrack } from "../../media/model/track.js";
import { Remuxer } from "./remux.js";

const avc: VideoTrack = { id: 1, kind: "video", codec: "avc", config: readAvcConfig(CONFIGS.avc) };
const avcOther: VideoTrack = { ...avc, config: readAvcConfig(CONFIGS.avcOther) };
const aac: AudioTrack = { id: 2, kind: "audio", codec: "aac", config: readAacConfig(CONFIGS.aac) };

/** An FLV source with these tracks, as a server sends it; times in milliseconds. */
function source(tracks: readonly Track[]) {
  const muxer = flvFormat().createMuxer({ tracks, metadata: {}, zero: 0 });
  const finish = (write: (out: ByteWriter) => void): Uint8Array => {
    const out = new ByteWriter();
    write(out);
    return out.finish();
  };
  return {
    start: () => muxer.start(tracks, 0),
    config: (track: Track, ms: number) => finish((out) => muxer.config(track, ms * 1000, out)),
    late: (track: Track, ms: number) => finish((out) => muxer.lateTrack?.(track, ms * 1000, out)),
    packet: (track: Track, ms: number, key = true) => {
      const data =
        track.kind === "audio" ? Uint8Array.of(0x21, 0x10, 4) : key ? FRAMES.avcKey() : FRAMES.avcInter();
      const dts = ms * 1000;
      return finish((out) => muxer.write({ track, dts, pts: dts, key, data, receivedAt: 0 }, out));
    },
  };
}

function remux(at = 0) {
  const told: string[] = [];
  const times: number[] = [];
  const remuxer = new Remuxer({
    start: (tracks) => {
      told.push(`start ${tracks.map(({ codec }) => codec)}`);
      return at;
    },
    change: (track) => told.push(`change ${track.codec}`),
    segment: (kind, { bytes, init }) => {
      told.push(`${kind} ${init ? "init" : "media"}`);
      if (!init) times.push(decodeTime(bytes));
    },
    key: (time) => told.push(`key ${time}`),
    arrived: () => {},
    lateTrack: () => told.push("late"),
  });
  return {
    told,
    times,
    remuxer,
    push: (...parts: Uint8Array[]) => {
      for (const part of parts) remuxer.push(part, 0);
    },
  };
}

/** baseMediaDecodeTime of a fragment's tfdt, version 1. */
function decodeTime(fragment: Uint8Array): number {
  const at = Buffer.from(fragment).indexOf("tfdt");
  return Number(new DataView(fragment.buffer, fragment.byteOffset).getBigUint64(at + 8));
}

describe("Remuxer", () => {
  it("makes an initialization segment and fragments for each track, from the element's time on", () => {
    const { told, times, push } = remux(10);
    const flv = source([avc, aac]);
    push(flv.start());
    expect(told).toEqual([]);
    push(flv.packet(avc, 5000), flv.packet(aac, 5000), flv.packet(avc, 5040, false));
    expect(told).toEqual([
      "start avc,aac",
      "video init",
      "audio init",
      "key 10",
      "video media",
      "audio media",
      "video media",
    ]);
    expect(times).toEqual([10_000_000, 10 * aac.config.sampleRate, 10_040_000]);
  });

  it("gives the same for any slicing", () => {
    const flv = source([avc, aac]);
    const parts = [flv.start(), flv.packet(avc, 0), flv.packet(aac, 0), flv.packet(avc, 40, false)];
    const whole = remux();
    whole.push(...parts);
    const sliced = remux();
    sliced.push(...parts.flatMap((part) => Array.from(part, (byte) => Uint8Array.of(byte))));
    expect(sliced.told).toEqual(whole.told);
    expect(sliced.times).toEqual(whole.times);
  });

  it("begins with a key frame, without what comes before it", () => {
    const { told, push } = remux();
    const flv = source([avc, aac]);
    push(flv.start(), flv.packet(avc, 0, false), flv.packet(aac, 0));
    expect(told).toEqual(["start avc,aac", "video init", "audio init"]);
    push(flv.packet(avc, 40), flv.packet(aac, 40));
    expect(told.slice(3)).toEqual(["key 0.04", "video media", "audio media"]);
  });

  it("leaves out all up to the next key frame after a loss", () => {
    const { told, push, remuxer } = remux();
    const flv = source([avc, aac]);
    push(flv.start(), flv.packet(avc, 0), flv.packet(aac, 0));
    remuxer.resync();
    told.length = 0;
    push(flv.packet(avc, 40, false), flv.packet(aac, 40), flv.packet(avc, 80), flv.packet(aac, 80));
    expect(told).toEqual(["key 0.08", "video media", "audio media"]);
  });

  it("goes on one frame later where the stream's clock jumps, and leaves a gap where the stream paused", () => {
    const { push, times, told, remuxer } = remux();
    const flv = source([avc]);
    push(flv.start(), flv.packet(avc, 600_000), flv.packet(avc, 600_040, false));
    push(flv.packet(avc, 300_000, false), flv.packet(avc, 300_040), flv.packet(avc, 400_000, false));
    expect(told).toContain("key 0.12");
    expect(times).toEqual([0, 40_000, 80_000, 120_000, 160_000]);
    remuxer.push(flv.packet(avc, 405_000, false), 5_000_000);
    expect(times.at(-1)).toBe(5_160_000);
  });

  it("puts a changed configuration between what was encoded with each", () => {
    const { told, push } = remux();
    const flv = source([avc]);
    push(flv.start(), flv.packet(avc, 0));
    told.length = 0;
    push(flv.config(avcOther, 40), flv.packet(avcOther, 40));
    expect(told).toEqual(["change avc", "video init", "key 0.04", "video media"]);
  });

  it("does not wait for a track that onMetaData denies, and half a second for one that it does not name", () => {
    const announced = remux();
    const sound = source([aac]);
    announced.push(sound.start(), sound.packet(aac, 0));
    expect(announced.told[0]).toBe("start aac");

    const silent = remux();
    const flv = source([aac]);
    // The FLV header, and the configuration behind onMetaData.
    silent.push(flv.start().subarray(0, 13), flv.config(aac, 0));
    for (let ms = 0; ms <= 500; ms += 20) silent.push(flv.packet(aac, ms));
    expect(silent.told).toEqual([]);
    silent.push(flv.packet(aac, 520));
    expect(silent.told[0]).toBe("start aac");
  });

  it("leaves out a track that is announced and has nothing for half a second, and tells when it comes", () => {
    const { told, push } = remux();
    const flv = source([avc, aac]);
    push(flv.start());
    for (let ms = 0; ms <= 520; ms += 20) push(flv.packet(avc, ms, ms === 0));
    expect(told[0]).toBe("start avc");
    expect(told).not.toContain("late");
    push(flv.packet(aac, 540));
    expect(told.at(-1)).toBe("late");
  });

  it("tells of a track that came late, by the server's word or by its packets", () => {
    const word = remux();
    const flv = source([avc]);
    word.push(flv.start(), flv.packet(avc, 0), flv.late(aac, 40));
    expect(word.told).toContain("late");

    const early = remux();
    early.push(flv.start(), flv.late(aac, 0));
    expect(early.told).toEqual([]);
    early.push(flv.packet(avc, 0));
    expect(early.told).toContain("late");

    const silent = remux();
    const both = source([avc, aac]);
    silent.push(flv.start(), flv.packet(avc, 0), both.config(aac, 40));
    expect(silent.told).not.toContain("late");
    silent.push(both.packet(aac, 40));
    expect(silent.told).toContain("late");
  });

  it("hands on what its events throw, and refuses what is no FLV", () => {
    const flv = source([avc]);
    const fault = new Error("unsupported");
    const remuxer = new Remuxer({
      start: () => {
        throw fault;
      },
      change() {},
      segment() {},
      key() {},
      arrived() {},
      lateTrack() {},
    });
    remuxer.push(flv.start(), 0);
    expect(() => remuxer.push(flv.packet(avc, 0), 0)).toThrow(fault);
    expect(() => remux().push(new TextEncoder().encode("<!doctype html>"))).toThrow("not FLV");
  });
});

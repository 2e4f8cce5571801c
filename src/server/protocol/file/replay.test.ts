import { describe, expect, it } from "vitest";
import { concatBytes } from "../../../media/bytes/bytes.js";
import { ByteWriter } from "../../../media/bytes/writer.js";
import { flvFormat } from "../../../media/format/flv/muxer.js";
import { MediaError } from "../../../media/model/error.js";
import type { Packet } from "../../../media/model/packet.js";
import type { AudioTrack } from "../../../media/model/track.js";
import { createNodeScheduler } from "../../net/node-scheduler.js";
import { type ReplaySink, replay } from "./replay.js";

const scheduler = createNodeScheduler();
const FRAME = 10_000;
const AAC: AudioTrack = {
  id: 2,
  kind: "audio",
  codec: "aac",
  config: {
    codec: "mp4a.40.2",
    description: Uint8Array.of(0x12, 0x10),
    sampleRate: 44100,
    numberOfChannels: 2,
    samplesPerFrame: 1024,
  },
};

/** FLV with so many frames of 10 ms, from `first` on. */
function clip(count: number, first = 0): Uint8Array {
  const muxer = flvFormat().createMuxer({ tracks: [AAC], metadata: { title: "clip" }, zero: 0 });
  const out = new ByteWriter();
  for (let i = 0; i < count; i++) {
    const dts = first + i * FRAME;
    muxer.write({ track: AAC, dts, pts: dts, key: true, data: Uint8Array.of(i), receivedAt: 0 }, out);
  }
  muxer.flush(out);
  return concatBytes([muxer.start([AAC], first), out.finish()]);
}

function recorder(): { sink: ReplaySink; packets: Packet[]; calls: string[] } {
  const packets: Packet[] = [];
  const calls: string[] = [];
  return {
    packets,
    calls,
    sink: {
      describe: () => void calls.push("describe"),
      track: () => void calls.push("track"),
      async ready() {},
      write(packet) {
        calls.push("write");
        packets.push(packet);
      },
    },
  };
}

async function* inSlices(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe("replay", () => {
  it("hands out everything in order, from time 0 on", async () => {
    const { sink, packets, calls } = recorder();
    await replay(() => inSlices(clip(5, 3_600_000_000), 7), sink, {
      loop: false,
      signal: new AbortController().signal,
      scheduler,
    });
    expect(calls).toEqual(["describe", "track", ...Array(5).fill("write")]);
    expect(packets.map(({ dts, pts }) => [dts, pts])).toEqual(
      [0, 1, 2, 3, 4].map((i) => [i * FRAME, i * FRAME]),
    );
    expect(packets.map(({ data }) => data[0])).toEqual([0, 1, 2, 3, 4]);
  });

  it("is never early", async () => {
    const { sink } = recorder();
    const begun = performance.now();
    const early: number[] = [];
    await replay(
      () => inSlices(clip(6), 1000),
      { ...sink, write: ({ dts }) => void early.push(dts / 1000 - (performance.now() - begun)) },
      { loop: false, signal: new AbortController().signal, scheduler },
    );
    expect(Math.max(...early)).toBeLessThanOrEqual(3);
  });

  it("goes on over loops with the clip's own spacing, and describes it once", async () => {
    const { sink, packets, calls } = recorder();
    const stop = new AbortController();
    await replay(
      () => inSlices(clip(3, 500_000), 50),
      {
        ...sink,
        write(packet) {
          sink.write(packet);
          if (packets.length === 8) stop.abort();
        },
      },
      { loop: true, signal: stop.signal, scheduler },
    );
    expect(packets.map(({ dts }) => dts)).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map((i) => i * FRAME));
    expect(calls.filter((call) => call !== "write")).toEqual(["describe", "track"]);
    expect(new Set(packets.map(({ track }) => track)).size).toBe(1);
  });

  it("waits out no gap of hours", async () => {
    const { sink, packets } = recorder();
    // The last two tags: an 11-byte header, a body of 3 bytes and PreviousTagSize each.
    const later = clip(2, 7_200_000_000).slice(-2 * (11 + 3 + 4));
    await replay(() => inSlices(concatBytes([clip(2), later]), 64), sink, {
      loop: false,
      signal: new AbortController().signal,
      scheduler,
    });
    expect(packets.map(({ dts }) => dts)).toEqual([0, FRAME, 7_200_000_000, 7_200_000_000 + FRAME]);
  });

  it("takes a recording that was cut off, but nothing that is no FLV", async () => {
    const { sink, packets } = recorder();
    const signal = new AbortController().signal;
    const bytes = clip(4);
    await replay(() => inSlices(bytes.subarray(0, bytes.length - 6), 64), sink, {
      loop: false,
      signal,
      scheduler,
    });
    expect(packets).toHaveLength(3);
    const text = new TextEncoder().encode("this is no FLV at all");
    await expect(replay(() => inSlices(text, 4), sink, { loop: false, signal, scheduler })).rejects.toThrow(
      MediaError,
    );
    await expect(
      replay(() => inSlices(bytes.subarray(0, 5), 4), sink, { loop: true, signal, scheduler }),
    ).rejects.toThrow(MediaError);
  });
});

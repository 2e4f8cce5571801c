import { describe, expect, it } from "vitest";
import { bytesOf, CONFIGS, FRAMES, flvOf, type TestTag } from "../../fuzz/support/flv.js";
import { concatBytes } from "./bytes/bytes.js";
import { encodeAmf0 } from "./format/amf/amf0.js";
import { createFlvDemuxer } from "./format/flv/demuxer.js";
import { flvFormat } from "./format/flv/muxer.js";
import { fmp4Format } from "./format/mp4/muxer.js";
import type { ContainerFormat } from "./model/container.js";
import type { Metadata, Packet } from "./model/packet.js";
import type { Track } from "./model/track.js";
import { type DemuxerStreamOptions, demuxerStream, type MuxerStreamOptions, muxerStream } from "./stream.js";

const header: TestTag = { type: 9, body: bytesOf("17 00 000000", CONFIGS.avc) };
const otherHeader: TestTag = { type: 9, body: bytesOf("17 00 000000", CONFIGS.avcOther) };
const aacHeader: TestTag = { type: 8, body: bytesOf("af 00", CONFIGS.aac) };
const metadata: TestTag = { type: 18, body: encodeAmf0(["onMetaData", { title: "x" }]) };
const key = (timestamp: number): TestTag => ({
  type: 9,
  timestamp,
  body: bytesOf("17 01 000000", FRAMES.avcKey()),
});
const aac = (timestamp: number): TestTag => ({ type: 8, timestamp, body: bytesOf("af 01", FRAMES.aac()) });
const clip = flvOf([metadata, header, aacHeader, key(100), aac(105), key(140), otherHeader, key(2000)]);

/** What comes out of a stream when these go in, by the stream's own pulling. */
async function pump<I, O>(stream: TransformStream<I, O>, inputs: readonly I[]): Promise<O[]> {
  const writer = stream.writable.getWriter();
  const writing = (async () => {
    for (const input of inputs) await writer.write(input);
    await writer.close();
  })();
  const outputs: O[] = [];
  const reader = stream.readable.getReader();
  const reading = (async () => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      outputs.push(value);
    }
  })();
  await Promise.all([writing, reading]);
  return outputs;
}

function slicesOf(bytes: Uint8Array, size: number): Uint8Array[] {
  const slices: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) slices.push(bytes.slice(at, at + size));
  return slices;
}
const demux = (bytes: Uint8Array, options?: DemuxerStreamOptions) =>
  pump(demuxerStream(createFlvDemuxer, options), slicesOf(bytes, 50));
const mux = async (packets: readonly Packet[], options?: MuxerStreamOptions, format = flvFormat()) =>
  concatBytes(await pump(muxerStream(format, options), packets));

describe("demuxerStream", () => {
  it("gives packets, and tells the rest", async () => {
    const tracks: Track[] = [];
    const said: Metadata[] = [];
    const dropped: string[] = [];
    const packets = await demux(flvOf([metadata, key(0), header, key(40)]), {
      receivedAt: () => 5,
      onTrack: (track) => tracks.push(track),
      onMetadata: (value) => said.push(value),
      onDropped: ({ message }) => dropped.push(message),
    });
    expect(packets).toMatchObject([{ dts: 40_000, receivedAt: 5 }]);
    expect(tracks).toMatchObject([{ codec: "avc" }]);
    expect(said).toEqual([{ title: "x" }]);
    expect(dropped).toEqual(["avc frame before its sequence header"]);
  });

  it("fails with broken framing and a truncated end", async () => {
    await expect(demux(bytesOf("00".repeat(60)))).rejects.toMatchObject({ code: "malformed" });
    await expect(demux(clip.subarray(0, clip.length - 6))).rejects.toMatchObject({ code: "truncated" });
  });

  it("waits for its reader", async () => {
    const stream = demuxerStream(createFlvDemuxer);
    const writer = stream.writable.getWriter();
    let written = 0;
    const writing = (async () => {
      for (const slice of slicesOf(clip, 20)) {
        await writer.write(slice);
        written += 20;
      }
      await writer.close();
    })();
    const reader = stream.readable.getReader();
    await reader.read();
    expect(written).toBeLessThan(clip.length);
    let result = await reader.read();
    while (!result.done) result = await reader.read();
    await writing;
    expect(written).toBeGreaterThanOrEqual(clip.length);
  });
});

describe("muxerStream", () => {
  it("gathers the tracks when it is not told them", async () => {
    const packets = await demux(clip);
    const again = await demux(await mux(packets, { metadata: () => ({ title: "y" }) }));
    expect(again.map(({ dts, data }) => [dts, data])).toEqual(
      packets.map(({ dts, data }) => [dts - 100_000, data]),
    );
    const flv = await mux(packets);
    expect(flv[4]).toBe(5);
  });

  it("announces the tracks that it is told, from the first packet on", async () => {
    const [first] = await demux(clip);
    if (first === undefined) throw new Error("no packet");
    const stream = muxerStream(flvFormat(), { tracks: [first.track], zero: 0, metadata: { title: "z" } });
    const writer = stream.writable.getWriter();
    const reader = stream.readable.getReader();
    const [chunk] = await Promise.all([reader.read(), writer.write(first)]);
    expect(chunk.value?.[4]).toBe(1);
    const packets = await demux(chunk.value as Uint8Array);
    expect(packets).toMatchObject([{ dts: 100_000 }]);
    await Promise.all([writer.close(), reader.read()]);
  });

  it("carries a changed configuration, and fails where the format cannot", async () => {
    const packets = await demux(clip);
    const again = await demux(await mux(packets));
    expect(again.at(-1)?.track.config).toMatchObject({ codedWidth: 96 });
    const rigid: ContainerFormat = { ...flvFormat(), canChange: () => false };
    await expect(mux(packets, {}, rigid)).rejects.toMatchObject({ code: "unsupported" });
  });

  it("goes from FLV to fragmented MP4 in one pipe", async () => {
    const source = flvOf([header, aacHeader, key(0), aac(5), key(40), key(1200)]);
    const bytes = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const slice of slicesOf(source, 100)) controller.enqueue(slice);
        controller.close();
      },
    });
    const reader = bytes
      .pipeThrough(demuxerStream(createFlvDemuxer))
      .pipeThrough(muxerStream(fmp4Format()))
      .getReader();
    let boxes = "";
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      const text = String.fromCharCode(...read.value);
      boxes +=
        text
          .match(/ftyp|moov|moof|mdat/g)
          ?.join(" ")
          .concat(" ") ?? "";
    }
    // A fragment for each key frame of the video.
    expect(boxes.trim()).toBe("ftyp moov moof mdat moof mdat moof mdat");
  });

  it("writes a header for no packets at all", async () => {
    expect((await mux([])).subarray(0, 5)).toEqual(bytesOf("464c5601 00"));
  });
});

import { describe, expect, it } from "vitest";
import { readClip } from "../../bench/clip.js";
import { createFlvReader } from "../../bench/load/flv-reader.js";
import { createHttpWire } from "../../bench/load/http-wire.js";
import { createTagCheck, indexFrames, type TagCheck } from "../../bench/load/tag-check.js";
import { sharedMicros, stamped } from "../../bench/stamp.js";
import { ByteWriter } from "../../src/media/bytes/writer.js";
import { flvFormat } from "../../src/media/format/flv/muxer.js";
import type { Packet } from "../../src/media/model/packet.js";

const clip = readClip("assets/demo.flv");
const index = indexFrames(clip);

/** FLV of these packets, as a server sends it. */
function flv(packets: readonly Packet[]): Uint8Array {
  const { tracks, metadata } = clip;
  const muxer = flvFormat().createMuxer({ tracks, metadata, zero: 0 });
  const out = new ByteWriter();
  out.write(muxer.start(tracks, 0));
  for (const packet of packets) muxer.write(packet, out);
  return out.finish();
}

function check(bytes: Uint8Array): TagCheck {
  const checked = createTagCheck(index);
  createFlvReader(checked.tag)(bytes);
  return checked;
}

const sent = clip.packets.slice(0, 200).map((packet) => stamped(packet, sharedMicros()));

describe("what the benchmark's viewers take for whole", () => {
  it("is the clip, with a stamp in every picture", () => {
    const videos = sent.filter(({ track }) => track.kind === "video").length;
    const checked = check(flv(sent));
    expect(checked.frames).toEqual({ video: videos, audio: 200 - videos, gaps: 0 });
    expect(checked.lags).toHaveLength(videos);
    expect(Math.min(...checked.lags)).toBeGreaterThanOrEqual(0);
  });

  it("is nothing with a byte of a frame changed", () => {
    for (let i = 0; i < 40; i++) {
      const changed = clip.packets.slice(0, 40).map((packet, at) => {
        const data = new Uint8Array(packet.data);
        // The first bytes of a picture say how long it is; then the stamp may be left out.
        const where = 5 + ((i * 7919) % (data.length - 5));
        if (at === i) data[where] = (data[where] as number) ^ 1;
        return stamped({ ...packet, data }, sharedMicros());
      });
      expect(() => check(flv(changed)), `packet ${i}`).toThrow("not the clip's");
    }
  });

  it("is nothing with FLV's framing damaged, or with time that steps back", () => {
    const whole = flv(sent);
    const lastTagSize = whole.length - 1;
    expect(() => check(whole.with(lastTagSize, (whole[lastTagSize] as number) ^ 1))).toThrow("framing");
    expect(() => check(whole.with(0, 0))).toThrow("not FLV");
    expect(() => check(flv([...sent, ...sent]))).toThrow("after");
  });

  it("is nothing with a frame left out, or twice, or of something else", () => {
    const picture = sent.findIndex(({ track }, i) => i > 20 && track.kind === "video");
    expect(check(flv(sent.filter((_, i) => i !== picture))).frames.gaps).toBe(1);
    expect(
      check(flv(sent.flatMap((packet, i) => (i === picture ? [packet, packet] : [packet])))).frames.gaps,
    ).toBe(1);
    const foreign = sent.map((packet, i) =>
      i === picture ? { ...packet, data: packet.data.slice(0, -1) } : packet,
    );
    expect(() => check(flv(foreign))).toThrow("not the clip's");
    expect(() => check(flv(clip.packets))).toThrow("without a stamp");
  });

  it("comes in HTTP chunks of any size, in slices of any size", () => {
    const whole = flv(sent);
    for (const [chunk, slice] of [
      [1000, 1],
      [7, 4096],
      [100_000, 977],
    ] as const) {
      const response = [Buffer.from("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")];
      for (let at = 0; at < whole.length; at += chunk) {
        const part = whole.subarray(at, at + chunk);
        response.push(Buffer.from(`${part.length.toString(16)}\r\n`), Buffer.from(part), Buffer.from("\r\n"));
      }
      const bytes = Buffer.concat(response);
      const checked = createTagCheck(index);
      const wire = createHttpWire({
        url: new URL("http://localhost/live/a.flv"),
        send() {},
        body: createFlvReader(checked.tag),
      });
      for (let at = 0; at < bytes.length; at += slice) wire.push(bytes.subarray(at, at + slice));
      expect(checked.frames).toEqual(check(whole).frames);
    }
  });
});

import { fromHex } from "../../src/media/bytes/bytes.js";
import { ByteWriter } from "../../src/media/bytes/writer.js";
import type { Demuxer, DemuxerSink } from "../../src/media/model/container.js";
import type { MediaError } from "../../src/media/model/error.js";
import type { Metadata, Packet } from "../../src/media/model/packet.js";
import type { Track } from "../../src/media/model/track.js";

/** Decoder configurations of small pictures and sounds, as x264, x265, libaom and libvpx wrote them for a test source. */
export const CONFIGS = {
  /** High profile, 64 x 48, 25 frames a second. */
  avc: fromHex("0164000affe100186764000aacd9447b011000000300100000030320f122596001000668ebe3cb22c0fdf8f800"),
  /** Constrained Baseline profile, 96 x 64, 25 frames a second. */
  avcOther: fromHex("0142c00affe100176742c00ad90626c044000003000400000300c83c48992001000568cb83cb20"),
  /** Main profile, 64 x 48. */
  hevc: fromHex(
    "0101600000009000000000001ef000fcfdf8f800000f03" +
      "200001001840010c01ffff01600000030090000003000003001e959809" +
      "210001002942010101600000030090000003000003001ea02083165959ae4caf016808000003000800000300c840" +
      "22000100064401c173d089",
  ),
  /** Main profile, 64 x 48. */
  av1: fromHex("81000c000a0a00000002aff79b5f2008"),
  /** Profile 0, level 1, 8 bits, 4:2:0. */
  vp9: fromHex("000a820202020000"),
  /** AAC LC, 44.1 kHz, stereo. */
  aac: fromHex("1210"),
  /** OpusHead: stereo, 48 kHz, 312 samples of pre-skip. */
  opus: fromHex("4f70757348656164 01 02 3801 80bb0000 0000 00"),
} as const;

/** Frames that are as much of a frame as a container looks at; `n` makes them differ. */
export const FRAMES = {
  avcKey: (n = 0): Uint8Array => nals([[0x65, 0x88, 0x84, n & 0x7f, 0xa5]]),
  avcInter: (n = 0): Uint8Array => nals([[0x41, 0x9a, 0x24, n & 0x7f]]),
  /** A non-IDR picture of one I slice (first_mb 0, slice_type 7). */
  avcIntra: (n = 0): Uint8Array => nals([[0x41, 0x88, 0x84, n & 0x7f]]),
  /** A P slice behind a recovery point SEI message of recovery_frame_cnt 0. */
  avcRecovery: (n = 0): Uint8Array =>
    nals([
      [0x06, 0x06, 0x01, 0xc4, 0x80],
      [0x41, 0x9a, 0x24, n & 0x7f],
    ]),
  /** IDR_W_RADL. */
  hevcKey: (n = 0): Uint8Array => nals([[0x26, 0x01, 0xaf, n & 0x7f]]),
  /** TRAIL_R. */
  hevcInter: (n = 0): Uint8Array => nals([[0x02, 0x01, 0xd0, n & 0x7f]]),
  /** A sequence header OBU and a key frame OBU. */
  av1Key: (n = 0): Uint8Array =>
    Uint8Array.of(...fromHex("0a0a00000002aff79b5f2008 3204 14 00 00"), n & 0x7f),
  av1Inter: (n = 0): Uint8Array => Uint8Array.of(...fromHex("3204 30 00 00"), n & 0x7f),
  vp9Key: (n = 0): Uint8Array => Uint8Array.of(...fromHex("82498342 0003f0 02f0"), n & 0x7f),
  vp9Inter: (n = 0): Uint8Array => Uint8Array.of(...fromHex("8600409200"), n & 0x7f),
  aac: (n = 0): Uint8Array => Uint8Array.of(0x21, 0x10, 0x04, 0x60, n & 0x7f),
  /** One CELT frame of 20 ms, stereo. */
  opus: (n = 0): Uint8Array => Uint8Array.of(0xfc, 0xff, n & 0x7f),
  /** MPEG-1 layer III, 128 kbit/s, 44.1 kHz, joint stereo: 417 bytes. */
  mp3: (n = 0): Uint8Array => {
    const frame = new Uint8Array(417).fill(n & 0x7f);
    frame.set([0xff, 0xfb, 0x90, 0x44]);
    return frame;
  },
} as const;

function nals(units: readonly (readonly number[])[]): Uint8Array {
  const out = new ByteWriter();
  for (const unit of units) {
    out.u32(unit.length);
    out.write(Uint8Array.from(unit));
  }
  return out.finish();
}

/** Bytes from numbers, hexadecimal text and other bytes. */
export function bytesOf(...parts: readonly (number | string | Uint8Array)[]): Uint8Array {
  const out = new ByteWriter();
  for (const part of parts) {
    if (typeof part === "number") out.u8(part);
    else out.write(typeof part === "string" ? fromHex(part) : part);
  }
  return out.finish();
}

export interface TestTag {
  readonly type: number;
  readonly timestamp?: number;
  readonly body: Uint8Array;
  /** What producers get wrong. */
  readonly streamId?: number;
  readonly previousTagSize?: number;
}

/** A whole FLV of these tags. */
export function flvOf(tags: readonly TestTag[], flags = 5): Uint8Array {
  const out = new ByteWriter();
  out.write(bytesOf("464c5601", flags, "00000009"));
  let previous = 0;
  for (const { type, timestamp = 0, body, streamId = 0, previousTagSize = previous } of tags) {
    out.u32(previousTagSize);
    out.u8(type);
    out.u24(body.length);
    out.u24(timestamp & 0xff_ffff);
    out.u8(timestamp >>> 24);
    out.u24(streamId);
    out.write(body);
    previous = 11 + body.length;
  }
  out.u32(previous);
  return out.finish();
}

/** Everything a demuxer said, in order. */
export interface Heard {
  readonly tracks: Track[];
  readonly packets: Packet[];
  readonly metadata: Metadata[];
  readonly dropped: MediaError[];
  readonly sink: DemuxerSink;
}

export function listen(): Heard {
  const tracks: Track[] = [];
  const packets: Packet[] = [];
  const metadata: Metadata[] = [];
  const dropped: MediaError[] = [];
  const sink: DemuxerSink = {
    track: (track) => tracks.push(track),
    packet: (packet) => packets.push(packet),
    metadata: (value) => metadata.push(value),
    dropped: (error) => dropped.push(error),
  };
  return { tracks, packets, metadata, dropped, sink };
}

/** Feeds a whole file, in slices of this size. */
export function demuxAll(create: (sink: DemuxerSink) => Demuxer, bytes: Uint8Array, slice = 4096): Heard {
  const heard = listen();
  const demuxer = create(heard.sink);
  for (let at = 0; at < bytes.length; at += slice) demuxer.push(bytes.slice(at, at + slice), 0);
  demuxer.end();
  return heard;
}

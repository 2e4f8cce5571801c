/** RTP as senders write it: the other side of what is tested. */

import { toBase64 } from "../../src/media/bytes/base64.js";
import { concatBytes, fromHex } from "../../src/media/bytes/bytes.js";
import { parseHevcRecord } from "../../src/media/codec/hevc.js";

/** Parameter sets that x264 wrote for 1920 and for 176 pixels across, and pictures that only look like ones. */
export const AVC = {
  sps: fromHex("67640028acd94078044fde022000007d20001d4c03e2c5b2c0"),
  pps: fromHex("68fba3cb22c0"),
  otherSps: fromHex("6764000aacd942c4ec0440000003004000000783c4896580"),
  aud: fromHex("09f0"),
  sei: fromHex("0605ff0180"),
} as const;

const HEVC_RECORD = parseHevcRecord(
  fromHex(
    "0101600000009000000000005df000fcfdf8f800000f03a00001001840010c01ffff0160000003009000000300000300" +
      "5d959809a10001002b42010101600000030090000003000003005da00280802d165959a4932bc05a0200000300020000" +
      "03003210a2000100074401c172b46240",
  ),
);
export const HEVC = {
  vps: HEVC_RECORD.vps[0] as Uint8Array,
  sps: HEVC_RECORD.sps[0] as Uint8Array,
  pps: HEVC_RECORD.pps[0] as Uint8Array,
} as const;

/** AAC-LC, 48 kHz, stereo. */
export const AAC_CONFIG = "1190";

/** A slice of H.264: the first of its picture. @param fill what it is told by */
export function avcSlice(key: boolean, fill: number, length = 40): Uint8Array {
  const nal = new Uint8Array(Math.max(length, 3)).fill(fill);
  nal.set([key ? 0x65 : 0x41, 0x88]);
  return nal;
}

/** The same of H.265. */
export function hevcSlice(key: boolean, fill: number, length = 40): Uint8Array {
  const nal = new Uint8Array(Math.max(length, 4)).fill(fill);
  nal.set([key ? 0x26 : 0x02, 0x01, 0x80]);
  return nal;
}

export interface RtpFields {
  readonly sequence: number;
  readonly timestamp: number;
  readonly payload: Uint8Array;
  readonly marker?: boolean;
  readonly payloadType?: number;
  readonly ssrc?: number;
  readonly csrcs?: number;
  /** Words of a header extension. */
  readonly extension?: number;
  readonly padding?: number;
}

export function rtpPacket(fields: RtpFields): Uint8Array {
  const { sequence, timestamp, payload, marker = false, payloadType = 96, ssrc = 0x11223344 } = fields;
  const { csrcs = 0, extension, padding = 0 } = fields;
  const header = new Uint8Array(12 + 4 * csrcs + (extension === undefined ? 0 : 4 + 4 * extension));
  const view = new DataView(header.buffer);
  header[0] = 0x80 | (padding > 0 ? 0x20 : 0) | (extension === undefined ? 0 : 0x10) | csrcs;
  header[1] = (marker ? 0x80 : 0) | payloadType;
  view.setUint16(2, sequence & 0xffff);
  view.setUint32(4, timestamp >>> 0);
  view.setUint32(8, ssrc);
  if (extension !== undefined) view.setUint16(12 + 4 * csrcs + 2, extension);
  const tail = new Uint8Array(padding);
  if (padding > 0) tail[padding - 1] = padding;
  return concatBytes([header, payload, tail]);
}

/** A sender report; the wall clock in microseconds since the Unix epoch, or 0 for none. */
export function senderReport(ssrc: number, wall: number, timestamp: number): Uint8Array {
  const report = new Uint8Array(28);
  const view = new DataView(report.buffer);
  report[0] = 0x80;
  report[1] = 200;
  view.setUint16(2, 6);
  view.setUint32(4, ssrc);
  if (wall > 0) {
    view.setUint32(8, Math.floor(wall / 1e6) + 2_208_988_800);
    view.setUint32(12, Math.round(((wall % 1e6) * 2 ** 32) / 1e6) % 2 ** 32);
  }
  view.setUint32(16, timestamp >>> 0);
  return report;
}

export function bye(ssrc: number): Uint8Array {
  const packet = new Uint8Array(8);
  const view = new DataView(packet.buffer);
  packet[0] = 0x81;
  packet[1] = 203;
  view.setUint16(2, 1);
  view.setUint32(4, ssrc);
  return packet;
}

/** A NAL unit's payloads: alone where it fits, else in fragments (FU-A, or H.265's FU). */
export function fragment(nal: Uint8Array, codec: "avc" | "hevc", mtu: number): Uint8Array[] {
  if (nal.length <= mtu) return [nal];
  const headerLength = codec === "avc" ? 1 : 2;
  const [first = 0, second = 0] = nal;
  const type = codec === "avc" ? first & 0x1f : (first >> 1) & 0x3f;
  const body = nal.subarray(headerLength);
  const size = Math.max(1, mtu - headerLength - 1);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < body.length; at += size) {
    const flags = (at === 0 ? 0x80 : 0) | (at + size >= body.length ? 0x40 : 0);
    const header =
      codec === "avc"
        ? [(first & 0xe0) | 28, flags | type]
        : [(first & 0x81) | (49 << 1), second, flags | type];
    parts.push(concatBytes([Uint8Array.from(header), body.subarray(at, at + size)]));
  }
  return parts;
}

/** Several NAL units in one payload: STAP-A, or H.265's aggregation packet. */
export function aggregate(nals: readonly Uint8Array[], codec: "avc" | "hevc"): Uint8Array {
  const header = codec === "avc" ? [0x78] : [48 << 1, 1];
  return concatBytes([
    Uint8Array.from(header),
    ...nals.flatMap((nal) => [Uint8Array.of(nal.length >> 8, nal.length & 0xff), nal]),
  ]);
}

/** AAC-hbr: frames with their AU headers. */
export function aacPayload(frames: readonly Uint8Array[], size?: number): Uint8Array {
  const headers = frames.flatMap((frame) => {
    const header = (size ?? frame.length) << 3;
    return [header >> 8, header & 0xff];
  });
  return concatBytes([Uint8Array.of(0, 16 * frames.length), Uint8Array.from(headers), ...frames]);
}

/** A description of one picture and one sound, as cameras write it. */
export function cameraSdp(change: (lines: string[]) => string[] = (lines) => lines): string {
  const sprop = `${toBase64(AVC.sps)},${toBase64(AVC.pps)}`;
  const lines = [
    "v=0",
    "o=- 1 1 IN IP4 127.0.0.1",
    "s=Camera",
    "t=0 0",
    "a=control:*",
    "m=video 0 RTP/AVP 96",
    "a=rtpmap:96 H264/90000",
    `a=fmtp:96 packetization-mode=1; profile-level-id=640028; sprop-parameter-sets=${sprop}`,
    "a=control:track1",
    "m=audio 0 RTP/AVP 97",
    "a=rtpmap:97 MPEG4-GENERIC/48000/2",
    `a=fmtp:97 streamtype=5;profile-level-id=1;mode=AAC-hbr;config=${AAC_CONFIG};sizeLength=13;indexLength=3;indexDeltaLength=3`,
    "a=control:track2",
  ];
  return `${change(lines).join("\r\n")}\r\n`;
}

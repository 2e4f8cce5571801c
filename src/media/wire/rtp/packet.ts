import { ByteReader } from "../../bytes/reader.js";
import { MediaError } from "../../model/error.js";

/** One RTP packet (RFC 3550 section 5.1). */
export interface RtpPacket {
  /** Of video: the last packet of an access unit. */
  readonly marker: boolean;
  readonly payloadType: number;
  /** 16 bits. */
  readonly sequence: number;
  /** In ticks of the payload's clock, 32 bits. */
  readonly timestamp: number;
  readonly ssrc: number;
  /** Without header extension and padding; a view of what was parsed. */
  readonly payload: Uint8Array;
}

/**
 * Takes a packet apart.
 *
 * @throws MediaError `truncated` when it ends inside its header, `malformed` for another version or wrong padding
 */
export function parseRtp(bytes: Uint8Array): RtpPacket {
  const reader = new ByteReader(bytes);
  const first = reader.u8();
  if (first >> 6 !== 2) throw new MediaError("malformed", `RTP version ${first >> 6}`);
  const second = reader.u8();
  const sequence = reader.u16();
  const timestamp = reader.u32();
  const ssrc = reader.u32();
  reader.skip(4 * (first & 0x0f)); // CSRC list
  if ((first & 0x10) !== 0) {
    reader.skip(2); // defined by profile
    reader.skip(4 * reader.u16());
  }
  const padded = reader.rest();
  // Padding's last octet counts itself.
  const padding = (first & 0x20) === 0 ? 0 : (padded.at(-1) ?? 0);
  if ((first & 0x20) !== 0 && (padding === 0 || padding > padded.length)) {
    throw new MediaError("malformed", `${padding} octets of padding in ${padded.length}`);
  }
  const payload = padded.subarray(0, padded.length - padding);
  return {
    marker: (second & 0x80) !== 0,
    payloadType: second & 0x7f,
    sequence,
    timestamp,
    ssrc,
    payload,
  };
}

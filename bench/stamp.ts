import type { Packet } from "../src/media/model/packet.js";

/**
 * What makes lag measurable: every video frame carries the time at which it was sent, in an SEI message (user data
 * unregistered, ITU-T H.264 section D.1.7) that decoders pass over. The clock is the machine's monotonic one, which
 * all processes share and nobody adjusts.
 */

const NAL_SEI = 6;
const USER_DATA_UNREGISTERED = 5;
const UUID = Buffer.from("5c1ce0be9c4e5d1f8a37d1e2b6f4a913", "hex");
/** The time in decimal: digits need no emulation prevention. */
const DIGITS = 16;
const SEI_LENGTH = 3 + UUID.length + DIGITS + 1;
const LENGTH_SIZE = 4;
/** Bytes that a stamp adds to a frame. */
const STAMP_LENGTH = LENGTH_SIZE + SEI_LENGTH;

/** Microseconds on the clock that all processes of a machine share. */
export function sharedMicros(): number {
  const [seconds, nanos] = process.hrtime();
  return seconds * 1e6 + Math.floor(nanos / 1000);
}

/** The packet with a stamp before its picture; one that is not H.264 as it is. */
export function stamped(packet: Packet, now: number): Packet {
  const { track, data } = packet;
  if (track.codec !== "avc" || track.config.nalLengthSize !== LENGTH_SIZE) return packet;
  const at = pictureStart(data);
  const out = Buffer.alloc(data.length + STAMP_LENGTH);
  out.set(data.subarray(0, at));
  out.writeUInt32BE(SEI_LENGTH, at);
  out.set([NAL_SEI, USER_DATA_UNREGISTERED, UUID.length + DIGITS], at + LENGTH_SIZE);
  out.set(UUID, at + LENGTH_SIZE + 3);
  out.write(String(now).padStart(DIGITS, "0"), at + LENGTH_SIZE + 3 + UUID.length, "latin1");
  out[at + STAMP_LENGTH - 1] = 0x80;
  out.set(data.subarray(at), at + STAMP_LENGTH);
  return { ...packet, data: out };
}

/** A stamp found in a frame: when it was sent, and where in the frame it lies. */
export interface Stamp {
  readonly sentAt: number;
  readonly start: number;
  readonly end: number;
}

export function findStamp(frame: Uint8Array): Stamp | undefined {
  const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.length);
  const uuidAt = bytes.indexOf(UUID);
  if (uuidAt < LENGTH_SIZE + 3) return undefined;
  const start = uuidAt - 3 - LENGTH_SIZE;
  const digits = bytes.toString("latin1", uuidAt + UUID.length, uuidAt + UUID.length + DIGITS);
  return { sentAt: Number(digits), start, end: start + STAMP_LENGTH };
}

/** Where the first slice begins: what stands before it, such as an access unit delimiter, stays there. */
function pictureStart(data: Uint8Array): number {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  for (let at = 0; at + LENGTH_SIZE < data.length; at += LENGTH_SIZE + view.getUint32(at)) {
    const type = view.getUint8(at + LENGTH_SIZE) & 0x1f;
    if (type >= 1 && type <= 5) return at;
  }
  return 0;
}

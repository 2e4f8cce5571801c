/** RTCP (RFC 3550 section 6): what a receiver reads of a sender's, and what it reports. */
import { ByteReader } from "../../bytes/reader.js";
import { ByteWriter } from "../../bytes/writer.js";
import { MediaError } from "../../model/error.js";
import { microsOfNtp } from "../../model/time.js";

const SENDER_REPORT = 200;
const RECEIVER_REPORT = 201;
const SOURCE_DESCRIPTION = 202;
const BYE = 203;
const SDES_CNAME = 1;

/** Where a sender's RTP clock met its wall clock (section 6.4.1). */
export interface SenderReport {
  readonly ssrc: number;
  /** The sender's wall clock, microseconds since the Unix epoch; undefined where it has none (a time of 0). */
  readonly wall: number | undefined;
  /** The middle 32 bits of that time as it was sent: a receiver's report names it. */
  readonly lastSr: number;
  /** In ticks, 32 bits. */
  readonly timestamp: number;
}

export interface RtcpHandler {
  senderReport?(report: SenderReport): void;
  /** A source has ended. */
  bye?(ssrc: number): void;
}

/**
 * Walks a compound packet. Kinds that are not known are passed over, as the standard wants.
 *
 * @throws MediaError when one of its packets runs past the end, or is no RTCP
 */
export function readRtcp(bytes: Uint8Array, handler: RtcpHandler): void {
  const compound = new ByteReader(bytes);
  while (compound.remaining > 0) {
    const first = compound.u8();
    if (first >> 6 !== 2) throw new MediaError("malformed", `RTCP version ${first >> 6}`);
    const type = compound.u8();
    const body = new ByteReader(compound.view(4 * compound.u16()));
    if (type === SENDER_REPORT) readSenderReport(body, handler);
    else if (type === BYE) {
      for (let left = first & 0x1f; left > 0; left--) handler.bye?.(body.u32());
    }
  }
}

function readSenderReport(body: ByteReader, handler: RtcpHandler): void {
  const ssrc = body.u32();
  const seconds = body.u32();
  const fraction = body.u32();
  const timestamp = body.u32();
  const wall = seconds === 0 && fraction === 0 ? undefined : microsOfNtp(seconds, fraction);
  const lastSr = ((seconds & 0xffff) * 0x1_0000 + (fraction >>> 16)) >>> 0;
  handler.senderReport?.({ ssrc, wall, lastSr, timestamp });
}

/** What a receiver has seen of one source (section 6.4.2). */
export interface ReportBlock {
  readonly ssrc: number;
  /** Of the packets since the last report, in 256ths. */
  readonly fractionLost: number;
  readonly cumulativeLost: number;
  /** Highest sequence number, with the number of its wraps above the 16 bits. */
  readonly highestSequence: number;
  /** In ticks of the source's clock. */
  readonly jitter: number;
  /** Of the last sender report; 0 where none has come. */
  readonly lastSr: number;
  /** How long ago that was, in units of 2^-16 s. */
  readonly delaySinceLastSr: number;
}

/**
 * A receiver report, and the name that has to come with it (section 6.1).
 *
 * @param ssrc the receiver's own
 * @param cname at most 255 bytes
 */
export function writeReceiverReport(ssrc: number, cname: string, block: ReportBlock | undefined): Uint8Array {
  const out = new ByteWriter(96);
  out.u8(0x80 | (block === undefined ? 0 : 1));
  out.u8(RECEIVER_REPORT);
  out.u16(block === undefined ? 1 : 7);
  out.u32(ssrc);
  if (block !== undefined) {
    out.u32(block.ssrc);
    out.u8(block.fractionLost);
    // Signed 24 bits: duplicates can make it negative.
    out.u24(Math.max(-0x80_0000, Math.min(0x7f_ffff, block.cumulativeLost)) & 0xff_ffff);
    out.u32(block.highestSequence);
    out.u32(block.jitter);
    out.u32(block.lastSr);
    out.u32(block.delaySinceLastSr);
  }
  const name = new TextEncoder().encode(cname).subarray(0, 255);
  // The list of items ends with a zero, and the chunk at a multiple of four bytes.
  const chunk = 4 + 2 + name.length + 1;
  const padding = (4 - (chunk % 4)) % 4;
  out.u8(0x81);
  out.u8(SOURCE_DESCRIPTION);
  out.u16((chunk + padding) / 4);
  out.u32(ssrc);
  out.u8(SDES_CNAME);
  out.u8(name.length);
  out.write(name);
  out.write(new Uint8Array(1 + padding));
  return out.finish();
}

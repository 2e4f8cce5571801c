/**
 * Messages in, chunks out: section 5.3. Every message opens with a full header (type 0), so what is written depends
 * on nothing that was written before, and bytes made for one reader serve all.
 */
import type { ByteWriter } from "../../bytes/writer.js";
import { EXTENDED_TIMESTAMP } from "./chunk-header.js";

/**
 * The chunk size that we write with, told to the peer once: 64 KiB holds most frames in one chunk, and is the most
 * that some players take.
 */
export const PLAY_CHUNK_SIZE = 65_536;

/** Appends one message. */
export function writeMessage(
  out: ByteWriter,
  chunkStreamId: number,
  type: number,
  timestamp: number,
  streamId: number,
  body: Uint8Array,
  chunkSize: number = PLAY_CHUNK_SIZE,
): void {
  const message = openMessage(out, chunkStreamId, type, timestamp, streamId, chunkSize);
  message.write(body);
  message.close();
}

/** A message whose body comes in parts; nothing else may be appended until it is closed. */
export interface OpenMessage {
  /** Appends a part of the body. */
  write(part: Uint8Array): void;
  /** Sets the length in the header. A body of more than 16,777,215 bytes is a RangeError. */
  close(): void;
}

/**
 * Appends a message's header.
 *
 * @param chunkStreamId 2 to 65,599
 * @param timestamp milliseconds; the lower 32 bits are written
 */
export function openMessage(
  out: ByteWriter,
  chunkStreamId: number,
  type: number,
  timestamp: number,
  streamId: number,
  chunkSize: number = PLAY_CHUNK_SIZE,
): OpenMessage {
  const wrapped = timestamp >>> 0;
  const extended = wrapped >= EXTENDED_TIMESTAMP;
  writeBasicHeader(out, 0, chunkStreamId);
  out.u24(extended ? EXTENDED_TIMESTAMP : wrapped);
  const lengthAt = out.length;
  out.u24(0);
  out.u8(type);
  out.u32le(streamId);
  if (extended) out.u32(wrapped);

  let length = 0;
  let room = chunkSize;
  return {
    write(part) {
      let at = 0;
      while (at < part.length) {
        if (room === 0) {
          writeBasicHeader(out, 3, chunkStreamId);
          // Adobe's and FFmpeg's readers expect it here too, section 5.3.1.3.
          if (extended) out.u32(wrapped);
          room = chunkSize;
        }
        const end = Math.min(part.length, at + room);
        out.write(part.subarray(at, end));
        room -= end - at;
        at = end;
      }
      length += part.length;
    },
    close() {
      if (length > 0xff_ffff) throw new RangeError("a message of more than 16,777,215 bytes");
      out.setU24(lengthAt, length);
    },
  };
}

function writeBasicHeader(out: ByteWriter, format: number, chunkStreamId: number): void {
  if (chunkStreamId < 64) {
    out.u8((format << 6) | chunkStreamId);
  } else if (chunkStreamId < 320) {
    out.u8(format << 6);
    out.u8(chunkStreamId - 64);
  } else {
    out.u8((format << 6) | 1);
    out.u8((chunkStreamId - 64) & 0xff);
    out.u8((chunkStreamId - 64) >> 8);
  }
}

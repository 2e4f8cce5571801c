import { concatBytes, fromHex } from "../media/bytes/bytes.js";
import { ByteWriter } from "../media/bytes/writer.js";
import { crc32 } from "../media/format/nut/checksum.js";
import {
  FLAG_CHECKSUM,
  FLAG_CODED_PTS,
  FLAG_INVALID,
  FLAG_KEY,
  FLAG_SIZE_MSB,
  ID_STRING,
  LONG_PACKET,
  MAIN_STARTCODE,
  STREAM_STARTCODE,
  SYNCPOINT_STARTCODE,
  VERSION,
} from "../media/format/nut/constants.js";

// NUT, the container in which raw frames go to FFmpeg through a pipe: unlike raw video or YUV4MPEG it has each frame's
// own time, so that a variable frame rate stays one. https://ffmpeg.org/~michael/nut.txt; a single stream of RGBA.

/** Frames longer than this stand behind a syncpoint of their own: all of ours do. */
const MAX_DISTANCE = 65_536;
/** Every frame gives its whole time, marked by adding this: two to the msb_pts_shift. */
const MSB_PTS_SHIFT = 7;
const WHOLE_PTS = 2 ** MSB_PTS_SHIFT;
/** The one frame code that we use; its flags say what follows it. */
const FRAME_CODE = 1;
const FRAME_FLAGS = FLAG_KEY | FLAG_CODED_PTS | FLAG_SIZE_MSB | FLAG_CHECKSUM;
const MICROSECONDS = [1, 1_000_000] as const;
const ASPECT_UNIT = 10_000;

/**
 * What stands before the first frame of a stream of RGBA frames, whose times are microseconds.
 *
 * @param pixelAspect a pixel's width over its height, to four digits
 */
export function nutHeader(width: number, height: number, pixelAspect = 1): Uint8Array {
  const main = new ByteWriter(64);
  for (const value of [VERSION, 1, MAX_DISTANCE, 1, ...MICROSECONDS]) writeNutNumber(main, value);
  // The 255 frame codes but N, in runs: flags, six fields (pts_delta, size_mul, stream, size_lsb, reserved, count).
  for (const [flags, count] of [
    [FLAG_INVALID, 1],
    [FRAME_FLAGS, 1],
    [FLAG_INVALID, 253],
  ] as const)
    for (const value of [flags, 6, 0, 1, 0, 0, 0, count]) writeNutNumber(main, value);
  // No elided headers.
  writeNutNumber(main, 0);

  const stream = new ByteWriter(64);
  // Stream 0 is video; a codec tag of four bytes.
  for (const value of [0, 0, 4]) writeNutNumber(stream, value);
  stream.write(new TextEncoder().encode("RGBA"));
  // Time base 0, msb_pts_shift, max_pts_distance, decode_delay, flags, no codec data; size; pixels' shape; colour unknown.
  const shape = [Math.round(pixelAspect * ASPECT_UNIT), ASPECT_UNIT];
  for (const value of [0, MSB_PTS_SHIFT, 1, 0, 0, 0, width, height, ...shape, 0])
    writeNutNumber(stream, value);
  return concatBytes([
    new TextEncoder().encode(ID_STRING),
    packet(MAIN_STARTCODE, main),
    packet(STREAM_STARTCODE, stream),
  ]);
}

/**
 * What stands before a frame's pixels.
 *
 * @param pts microseconds, not negative
 * @param size bytes of the frame
 */
export function nutFrameHeader(pts: number, size: number): Uint8Array {
  const syncpoint = new ByteWriter(16);
  writeNutNumber(syncpoint, pts);
  writeNutNumber(syncpoint, 0);
  const frame = new ByteWriter(32);
  frame.u8(FRAME_CODE);
  writeNutNumber(frame, pts + WHOLE_PTS);
  writeNutNumber(frame, size);
  frame.u32(crc32(frame.peek()));
  return concatBytes([packet(SYNCPOINT_STARTCODE, syncpoint), frame.finish()]);
}

/** NUT's `v`: seven bits a byte, most significant first. @internal */
export function writeNutNumber(out: ByteWriter, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`value: ${value} is no 53-bit number`);
  let divisor = 1;
  while (value / divisor >= 128) divisor *= 128;
  for (; divisor > 1; divisor /= 128) out.u8(0x80 | (Math.floor(value / divisor) % 128));
  out.u8(value % 128);
}

function packet(startcode: string, body: ByteWriter): Uint8Array {
  const length = body.length + 4;
  if (length > LONG_PACKET) throw new RangeError("a NUT header of more than 4096 bytes");
  const checksum = crc32(body.peek());
  const out = new ByteWriter(256);
  out.write(fromHex(startcode));
  writeNutNumber(out, length);
  out.write(body.finish());
  out.u32(checksum);
  return out.finish();
}

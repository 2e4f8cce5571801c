import { concatBytes, fromHex } from "../../src/media/bytes/bytes.js";
import { ByteWriter } from "../../src/media/bytes/writer.js";
import { crc32 } from "../../src/media/format/nut/checksum.js";
import {
  FLAG_CODED,
  FLAG_CODED_PTS,
  FLAG_HEADER_INDEX,
  FLAG_INVALID,
  FLAG_KEY,
  FLAG_SIZE_MSB,
  ID_STRING,
  MAIN_STARTCODE,
  STREAM_STARTCODE,
  SYNCPOINT_STARTCODE,
} from "../../src/media/format/nut/constants.js";

/** A frame to be written; its time in ticks. */
export interface NutFrame {
  readonly pts: number;
  readonly data: Uint8Array;
  /** How its header is to be written. */
  readonly form: "plain" | "coded" | "whole" | "elided" | "syncpoint";
}

export interface NutInit {
  readonly fourCc: string;
  readonly extradata?: Uint8Array;
  readonly timeBase?: readonly [num: number, den: number];
  readonly width?: number;
  readonly height?: number;
}

/** What the form `elided` leaves out of frames that begin with it. */
export const ELIDED: Uint8Array = Uint8Array.of(0, 0, 1);
const PTS_SHIFT = 7;
const STEP = 2;
const MUL = 8;

/** NUT as FFmpeg could write it: frame codes in runs, times as differences, low bits or wholes, elided headers. */
export function writeNut(init: NutInit, frames: readonly NutFrame[]): Uint8Array {
  const { fourCc, extradata = new Uint8Array(0), timeBase = [1, 1000], width = 640, height = 360 } = init;
  const main = new ByteWriter();
  // Flags, count of fields, pts_delta 0 as `s`, size_mul, stream, size_lsb, reserved, count, match time, header.
  numbers(main, 3, 1, 65_536, 1, ...timeBase);
  numbers(main, FLAG_INVALID, 6, 0, 1, 0, 0, 0, 1);
  numbers(main, FLAG_CODED, 6, 0, 1, 0, 0, 0, 1);
  numbers(main, FLAG_CODED_PTS | FLAG_SIZE_MSB, 6, 0, 1, 0, 0, 0, 1);
  numbers(main, FLAG_KEY | FLAG_CODED_PTS | FLAG_SIZE_MSB, 6, 0, 1, 0, 0, 0, 1);
  // Eight codes that differ in the low part of the size, two ticks after the frame before: the count is implied.
  numbers(main, FLAG_SIZE_MSB, 4, 2 * STEP - 1, MUL, 0, 0);
  numbers(main, FLAG_CODED_PTS | FLAG_SIZE_MSB, 8, 0, 1, 0, 0, 0, 1, 0, 1);
  // 255 less the 13 so far, N not counted.
  numbers(main, FLAG_INVALID, 8, 0, 1, 0, 0, 0, 242, 0, 0);
  numbers(main, 1, ELIDED.length);
  main.write(ELIDED);

  const stream = new ByteWriter();
  numbers(stream, 0, 0, 4);
  for (const letter of fourCc.padEnd(4).slice(0, 4)) stream.u8(letter.charCodeAt(0));
  numbers(stream, 0, PTS_SHIFT, 1, 0, 0, extradata.length);
  stream.write(extradata);
  numbers(stream, width, height, 0, 0, 0);

  const id = new Uint8Array([...ID_STRING].map((letter) => letter.charCodeAt(0)));
  const out = [id, packet(MAIN_STARTCODE, main), packet(STREAM_STARTCODE, stream)];
  out.push(packet("4e49ab68b596ba78", new ByteWriter())); // info
  let last = 0;
  for (const frame of frames) {
    if (frame.form === "syncpoint") {
      const syncpoint = new ByteWriter();
      numbers(syncpoint, frame.pts, 0);
      out.push(packet(SYNCPOINT_STARTCODE, syncpoint));
      last = frame.pts;
    }
    out.push(head(frame, last), frame.data.subarray(leavesOut(frame) ? ELIDED.length : 0));
    last = frame.pts;
  }
  return concatBytes(out);
}

function head({ pts, data, form }: NutFrame, last: number): Uint8Array {
  const out = new ByteWriter();
  const range = 2 ** PTS_SHIFT;
  // The low bits do where the time is near the last one.
  const coded = form !== "whole" && Math.abs(pts - last) < range / 2 ? pts % range : pts + range;
  if (form === "elided" && leavesOut({ pts, data, form })) numbers(out, 12, coded, data.length);
  else if (form === "coded")
    numbers(out, 1, FLAG_CODED | FLAG_CODED_PTS | FLAG_SIZE_MSB | FLAG_HEADER_INDEX, coded, data.length, 0);
  else if (form === "plain" && pts === last + STEP)
    numbers(out, 4 + (data.length % MUL), Math.floor(data.length / MUL));
  else numbers(out, 3, coded, data.length);
  return out.finish();
}

function leavesOut({ data, form }: NutFrame): boolean {
  return form === "elided" && data.length <= 4096 && ELIDED.every((byte, i) => data[i] === byte);
}

function numbers(out: ByteWriter, ...values: readonly number[]): void {
  for (const value of values) {
    const groups = [value % 128];
    for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128))
      groups.unshift(128 | (rest % 128));
    for (const group of groups) out.u8(group);
  }
}

function packet(startcode: string, body: ByteWriter): Uint8Array {
  const payload = body.finish();
  const out = new ByteWriter();
  numbers(out, payload.length + 4);
  const sum = new ByteWriter();
  sum.u32(crc32(payload));
  return concatBytes([fromHex(startcode), out.finish(), payload, sum.finish()]);
}

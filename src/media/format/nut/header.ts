import { ByteReader } from "../../bytes/reader.js";
import { MediaError } from "../../model/error.js";
import { FLAG_INVALID, STARTCODE_FIRST, VERSION } from "./constants.js";

/** What one value of a frame's first byte stands for. */
export interface FrameCode {
  readonly flags: number;
  readonly sizeMul: number;
  readonly sizeLsb: number;
  readonly ptsDelta: number;
  readonly reserved: number;
  readonly headerIndex: number;
}

/** The main header, as far as a reader of one stream needs it. */
export interface MainHeader {
  /** Seconds in a tick, as a fraction. */
  readonly timeBase: { readonly num: number; readonly den: number };
  /** 256 of them. */
  readonly frameCodes: readonly FrameCode[];
  /** What frames may begin with without having it written out; the first is empty. */
  readonly elided: readonly Uint8Array[];
}

/** The header of a stream of pictures. */
export interface StreamHeader {
  /** Four letters, such as `HEVC`. */
  readonly fourCc: string;
  /** How many low bits of a time a frame may give in its place. */
  readonly ptsShift: number;
  /** What the decoder needs beforehand; empty where it needs nothing. */
  readonly extradata: Uint8Array;
  readonly width: number;
  readonly height: number;
}

const FRAME_CODES = 256;
const INVALID: FrameCode = {
  flags: FLAG_INVALID,
  sizeMul: 0,
  sizeLsb: 0,
  ptsDelta: 0,
  reserved: 0,
  headerIndex: 0,
};
const CLASS_VIDEO = 0;
const MAX_PTS_SHIFT = 15;

/** NUT's `v`: seven bits a byte, most significant first. @throws MediaError `limit` above 2^53 - 1 */
export function readNutNumber(reader: ByteReader): number {
  let value = 0;
  for (;;) {
    const byte = reader.u8();
    value = value * 128 + (byte & 0x7f);
    if (!Number.isSafeInteger(value)) throw new MediaError("limit", "nut: a number above 2^53 - 1");
    if (byte < 0x80) return value;
  }
}

/** NUT's `s`: 0, 1, -1, 2, -2, … as 0, 1, 2, 3, 4, … */
export function readSignedNumber(reader: ByteReader): number {
  const value = readNutNumber(reader) + 1;
  return value % 2 === 0 ? value / 2 : -(value - 1) / 2;
}

/**
 * Reads the payload of a main header.
 *
 * @param payload without its checksum
 * @throws MediaError for what is no such header, or one of several streams
 */
export function readMainHeader(payload: Uint8Array): MainHeader {
  const reader = new ByteReader(payload);
  const version = readNutNumber(reader);
  if (version !== VERSION) throw new MediaError("unsupported", `nut: version ${version}`);
  const streams = readNutNumber(reader);
  if (streams !== 1) throw new MediaError("unsupported", `nut: ${streams} streams`);
  readNutNumber(reader); // max_distance
  const timeBases = readNutNumber(reader);
  if (timeBases !== 1) throw new MediaError("unsupported", `nut: ${timeBases} time bases`);
  const timeBase = { num: readNutNumber(reader), den: readNutNumber(reader) };
  if (timeBase.num === 0 || timeBase.den === 0) throw new MediaError("malformed", "nut: a time base of 0");
  const frameCodes = readFrameCodes(reader);
  const elided = [new Uint8Array(0)];
  const count = reader.remaining > 0 ? readNutNumber(reader) : 0;
  for (let i = 0; i < count; i++) elided.push(reader.view(readNutNumber(reader)).slice());
  return { timeBase, frameCodes, elided };
}

/** Runs of codes that differ in their size alone; what a run leaves out is as in the one before. */
function readFrameCodes(reader: ByteReader): readonly FrameCode[] {
  const codes: FrameCode[] = [];
  let ptsDelta = 0;
  let sizeMul = 1;
  let headerIndex = 0;
  while (codes.length < FRAME_CODES) {
    const flags = readNutNumber(reader);
    const fields = readNutNumber(reader);
    if (fields > 0) ptsDelta = readSignedNumber(reader);
    if (fields > 1) sizeMul = readNutNumber(reader);
    if (fields > 2) readNutNumber(reader); // stream_id: there is but one
    const size = fields > 3 ? readNutNumber(reader) : 0;
    const reserved = fields > 4 ? readNutNumber(reader) : 0;
    const count = fields > 5 ? readNutNumber(reader) : sizeMul - size;
    if (fields > 6) readSignedNumber(reader); // match_time_delta
    if (fields > 7) headerIndex = readNutNumber(reader);
    for (let i = 8; i < fields; i++) readNutNumber(reader);
    if (count <= 0 || count > FRAME_CODES) throw new MediaError("malformed", `nut: ${count} frame codes`);
    for (let i = 0; i < count; i++) {
      // It begins startcodes, and is left out of the count.
      if (codes.length === STARTCODE_FIRST) codes.push(INVALID);
      if (codes.length === FRAME_CODES) throw new MediaError("malformed", "nut: more than 256 frame codes");
      codes.push({ flags, sizeMul, sizeLsb: size + i, ptsDelta, reserved, headerIndex });
    }
  }
  return codes;
}

/**
 * Reads the payload of a stream's header.
 *
 * @param payload without its checksum
 * @throws MediaError for what is no such header, or of no picture
 */
export function readStreamHeader(payload: Uint8Array): StreamHeader {
  const reader = new ByteReader(payload);
  readNutNumber(reader); // stream_id
  const streamClass = readNutNumber(reader);
  if (streamClass !== CLASS_VIDEO)
    throw new MediaError("unsupported", `nut: a stream of class ${streamClass}`);
  const fourCc = String.fromCharCode(...reader.view(Math.min(readNutNumber(reader), 4)));
  readNutNumber(reader); // time_base_id: there is but one
  const ptsShift = readNutNumber(reader);
  if (ptsShift > MAX_PTS_SHIFT) throw new MediaError("malformed", `nut: msb_pts_shift ${ptsShift}`);
  readNutNumber(reader); // max_pts_distance
  readNutNumber(reader); // decode_delay
  readNutNumber(reader); // stream_flags
  const extradata = reader.view(readNutNumber(reader)).slice();
  return { fourCc, ptsShift, extradata, width: readNutNumber(reader), height: readNutNumber(reader) };
}

import { MediaError } from "../model/error.js";

/** Bytes of each NAL unit's length prefix; three is not allowed (ISO/IEC 14496-15 section 5.3.3.1.2). */
export type NalLengthSize = 1 | 2 | 4;

/** The length prefix size that a decoder configuration record's two-bit `lengthSizeMinusOne` stands for. */
export function nalLengthSizeOf(lengthSizeMinusOne: number): NalLengthSize {
  const size = lengthSizeMinusOne + 1;
  if (size !== 1 && size !== 2 && size !== 4) {
    throw new MediaError("malformed", `a NAL length size of ${size} bytes`);
  }
  return size;
}

/**
 * The NAL units of a length-prefixed access unit, as views, without their prefixes. Empty units, which some encoders
 * write as padding, are left out.
 *
 * @throws MediaError `truncated` when a length runs past the end
 */
export function splitNals(data: Uint8Array, nalLengthSize: NalLengthSize): Uint8Array[] {
  const nals: Uint8Array[] = [];
  for (let at = 0; at < data.length; ) {
    const length = nalLength(data, at, nalLengthSize);
    at += nalLengthSize;
    if (length > 0) nals.push(data.subarray(at, at + length));
    at += length;
  }
  return nals;
}

/**
 * The NAL units of a byte stream (ITU-T H.264 and H.265, annex B), as views, without start codes and the zero bytes
 * around them. What stands before the first start code is left out.
 */
export function splitAnnexB(data: Uint8Array): Uint8Array[] {
  const nals: Uint8Array[] = [];
  let start = -1;
  for (let at = data.indexOf(1, 2); at >= 0; at = data.indexOf(1, at + 1)) {
    if (data[at - 1] !== 0 || data[at - 2] !== 0) continue;
    if (start >= 0) pushNal(data.subarray(start, at - 2), nals);
    start = at + 1;
  }
  if (start >= 0) pushNal(data.subarray(start), nals);
  return nals;
}

/** A unit never ends in a zero byte: those behind it belong to the stream. */
function pushNal(nal: Uint8Array, nals: Uint8Array[]): void {
  let end = nal.length;
  while (end > 0 && nal[end - 1] === 0) end -= 1;
  if (end > 0) nals.push(nal.subarray(0, end));
}

/**
 * The first byte of the first NAL unit that `accept` takes by that byte; undefined if it takes none. It looks no
 * further, so damage behind that unit goes unnoticed: a relay passes it on as it is.
 *
 * @throws MediaError `truncated` when a length before it runs past the end
 */
export function findNal(
  data: Uint8Array,
  nalLengthSize: NalLengthSize,
  accept: (firstByte: number) => boolean,
): number | undefined {
  for (let at = 0; at < data.length; ) {
    const length = nalLength(data, at, nalLengthSize);
    at += nalLengthSize;
    if (length > 0) {
      const firstByte = data[at] as number;
      if (accept(firstByte)) return firstByte;
    }
    at += length;
  }
  return undefined;
}

function nalLength(data: Uint8Array, at: number, nalLengthSize: NalLengthSize): number {
  if (at + nalLengthSize > data.length) {
    throw new MediaError("truncated", `a NAL length of ${nalLengthSize} bytes, has ${data.length - at}`);
  }
  let length = 0;
  for (let i = 0; i < nalLengthSize; i++) length = length * 256 + (data[at + i] as number);
  if (length > data.length - at - nalLengthSize) {
    throw new MediaError(
      "truncated",
      `a NAL unit of ${length} bytes, has ${data.length - at - nalLengthSize}`,
    );
  }
  return length;
}

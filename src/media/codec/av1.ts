import { BitReader } from "../bytes/bits.js";
import { ByteReader } from "../bytes/reader.js";
import { MediaError } from "../model/error.js";
import type { VideoConfig } from "../model/track.js";
import { type Av1Sequence, parseAv1Sequence } from "./av1-sequence.js";

/** OBU types, AV1 bitstream specification section 6.2.2. */
export const OBU_SEQUENCE_HEADER = 1;
export const OBU_FRAME_HEADER = 3;
export const OBU_FRAME = 6;

/** An open bitstream unit. */
export interface Obu {
  readonly type: number;
  /** A view of what follows header and size. */
  readonly payload: Uint8Array;
  /** A view of the whole unit. */
  readonly bytes: Uint8Array;
}

/**
 * The decoder configuration that an AV1CodecConfigurationRecord (`av1C`) holds. Sizes are 0 where it has no sequence
 * header, which is allowed (AV1-ISOBMFF section 2.3.3): each key frame brings its own, see `av1SequenceOf`.
 *
 * @throws MediaError when the record or its sequence header cannot be read
 */
export function readAv1Config(av1C: Uint8Array): VideoConfig {
  const bits = new BitReader(av1C);
  const marker = bits.bits(1);
  const version = bits.bits(7);
  if (marker !== 1) throw new MediaError("malformed", "an av1C without its marker bit");
  if (version !== 1) throw new MediaError("unsupported", `av1C version ${version}`);
  const profile = bits.bits(3);
  const levelIdx = bits.bits(5);
  const highTier = bits.flag();
  const high = bits.flag();
  const twelve = bits.flag();
  bits.skip(5 + 8); // monochrome and chroma subsampling; initial_presentation_delay
  const sequence = av1SequenceOf(av1C.subarray(4));
  return {
    codec: av1CodecString(
      sequence ?? { profile, levelIdx, highTier, bitDepth: high ? (twelve ? 12 : 10) : 8 },
    ),
    description: av1C.slice(),
    codedWidth: sequence?.width ?? 0,
    codedHeight: sequence?.height ?? 0,
    ...(sequence?.frameRate === undefined ? {} : { frameRate: sequence.frameRate }),
    // A temporal unit shows exactly one frame, in output order: hidden frames travel inside (section 7.5).
    reorderDepth: 0,
  };
}

/**
 * An av1C (AV1-ISOBMFF section 2.3.3) for a sequence header.
 *
 * @param sequenceHeader the whole OBU, with its size
 * @throws MediaError when it cannot be read
 */
export function av1ConfigOf(sequenceHeader: Uint8Array): Uint8Array {
  const sequence = av1SequenceOf(sequenceHeader);
  if (sequence === undefined) throw new MediaError("malformed", "no sequence header");
  const { profile, levelIdx, highTier, bitDepth, monochrome, subsamplingX, subsamplingY } = sequence;
  const record = new Uint8Array(4 + sequenceHeader.length);
  record[0] = 0x81; // marker, version 1
  record[1] = (profile << 5) | levelIdx;
  record[2] =
    (Number(highTier) << 7) |
    (Number(bitDepth > 8) << 6) |
    (Number(bitDepth === 12) << 5) |
    (Number(monochrome) << 4) |
    (Number(subsamplingX) << 3) |
    (Number(subsamplingY) << 2); // chroma_sample_position: unknown
  record.set(sequenceHeader, 4);
  return record;
}

/**
 * `av01.P.LLT.DD`, AV1-ISOBMFF section 5. The optional colour fields are left out: decoders take them from the sequence
 * header, and some players refuse the long form.
 */
export function av1CodecString(
  sequence: Pick<Av1Sequence, "profile" | "levelIdx" | "highTier" | "bitDepth">,
): string {
  const level = `${sequence.levelIdx}`.padStart(2, "0");
  const depth = `${sequence.bitDepth}`.padStart(2, "0");
  return `av01.${sequence.profile}.${level}${sequence.highTier ? "H" : "M"}.${depth}`;
}

/** The first sequence header among some OBUs; undefined if there is none. */
export function av1SequenceOf(obus: Uint8Array): Av1Sequence | undefined {
  const reader = new ByteReader(obus);
  while (reader.remaining > 0) {
    const obu = readObu(reader);
    if (obu.type === OBU_SEQUENCE_HEADER) return parseAv1Sequence(obu.payload);
  }
  return undefined;
}

/** All OBUs of a temporal unit in the low-overhead format (section 5.2); the last one may lack its size. */
export function splitObus(temporalUnit: Uint8Array): Obu[] {
  const reader = new ByteReader(temporalUnit);
  const obus: Obu[] = [];
  while (reader.remaining > 0) obus.push(readObu(reader));
  return obus;
}

/**
 * Whether a temporal unit starts with a shown key frame. Showing an earlier frame again, be it a key frame, does not
 * count: that frame came in an earlier packet.
 *
 * @throws MediaError when the units before the first frame header are broken
 */
export function isAv1Key(temporalUnit: Uint8Array): boolean {
  const reader = new ByteReader(temporalUnit);
  let reduced = false;
  while (reader.remaining > 0) {
    const obu = readObu(reader);
    if (obu.type === OBU_SEQUENCE_HEADER) {
      reduced = parseAv1Sequence(obu.payload).reducedStillPictureHeader;
    } else if (obu.type === OBU_FRAME || obu.type === OBU_FRAME_HEADER) {
      // uncompressed_header, section 5.9.2. With reduced_still_picture_header each frame is a key frame, unsaid.
      if (reduced) return true;
      const bits = new BitReader(obu.payload);
      const showExistingFrame = bits.flag();
      if (showExistingFrame) return false;
      const frameType = bits.bits(2);
      const showFrame = bits.flag();
      return frameType === 0 && showFrame;
    }
  }
  return false;
}

function readObu(reader: ByteReader): Obu {
  const start = reader.position;
  const header = reader.u8();
  if ((header & 0x80) !== 0) throw new MediaError("malformed", "an OBU with its forbidden bit set");
  if ((header & 0x04) !== 0) reader.skip(1); // obu_extension_flag: temporal and spatial id
  const payload = reader.view((header & 0x02) !== 0 ? leb128(reader) : reader.remaining);
  return { type: (header >> 3) & 15, payload, bytes: reader.bytes.subarray(start, reader.position) };
}

/** Section 4.10.5: at most eight bytes, and a value of at most 32 bits. */
function leb128(reader: ByteReader): number {
  let value = 0;
  for (let i = 0; i < 8; i++) {
    const byte = reader.u8();
    value += (byte & 0x7f) * 2 ** (7 * i);
    if ((byte & 0x80) === 0) {
      if (value > 0xffff_ffff) throw new MediaError("malformed", "a LEB128 number of more than 32 bits");
      return value;
    }
  }
  throw new MediaError("malformed", "a LEB128 number of more than eight bytes");
}

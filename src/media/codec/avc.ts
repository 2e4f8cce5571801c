import { toHex } from "../bytes/bytes.js";
import { ByteReader } from "../bytes/reader.js";
import { ByteWriter } from "../bytes/writer.js";
import { MediaError } from "../model/error.js";
import type { VideoConfig } from "../model/track.js";
import { hasSampleFormat, parseAvcSps } from "./avc-sps.js";
import { findNal, type NalLengthSize, nalLengthSizeOf } from "./nal.js";
import { advisory } from "./vui.js";

/** NAL unit types (`nal_unit_type`, the low five bits of the first byte), ITU-T H.264 table 7-1. */
export const AVC_NAL_SLICE = 1;
export const AVC_NAL_IDR = 5;
export const AVC_NAL_SEI = 6;

/** An AVCDecoderConfigurationRecord (`avcC`), ISO/IEC 14496-15 section 5.3.3.1. The NAL units are views of the input. */
export interface AvcRecord {
  readonly nalLengthSize: NalLengthSize;
  readonly sps: readonly Uint8Array[];
  readonly pps: readonly Uint8Array[];
  /** SPS extensions: alpha pictures, high profiles only. */
  readonly spsExtensions: readonly Uint8Array[];
}

/**
 * The decoder configuration that an avcC holds; sizes and codec string are those of its first SPS.
 *
 * @throws MediaError when the record or its first SPS cannot be read
 */
export function readAvcConfig(avcC: Uint8Array): VideoConfig {
  const record = parseAvcRecord(avcC);
  const first = record.sps[0];
  if (first === undefined) throw new MediaError("malformed", "an avcC without a sequence parameter set");
  const sps = parseAvcSps(first);
  return {
    // RFC 6381 section 3.3: the three bytes as they stand in the SPS.
    codec: `avc1.${toHex(first.subarray(1, 4))}`,
    description: avcC.slice(),
    codedWidth: sps.width,
    codedHeight: sps.height,
    ...(sps.frameRate === undefined ? {} : { frameRate: sps.frameRate }),
    nalLengthSize: record.nalLengthSize,
    reorderDepth: sps.reorderDepth,
  };
}

/** Takes an avcC apart. */
export function parseAvcRecord(avcC: Uint8Array): AvcRecord {
  const reader = new ByteReader(avcC);
  const version = reader.u8();
  if (version !== 1) throw new MediaError("unsupported", `avcC version ${version}`);
  const profile = reader.u8();
  reader.skip(2); // profile_compatibility, AVCLevelIndication
  const nalLengthSize = nalLengthSizeOf(reader.u8() & 3);
  const sps = readNals(reader, reader.u8() & 0x1f);
  const pps = readNals(reader, reader.u8());
  // Many writers leave the extension out, and junk may follow the record: neither harms what was read so far.
  const spsExtensions = hasSampleFormat(profile)
    ? (advisory(() => {
        reader.skip(3); // chroma_format, bit_depth_luma_minus8, bit_depth_chroma_minus8
        return readNals(reader, reader.u8());
      }) ?? [])
    : [];
  return { nalLengthSize, sps, pps, spsExtensions };
}

function readNals(reader: ByteReader, count: number): Uint8Array[] {
  const nals: Uint8Array[] = [];
  for (let i = 0; i < count; i++) nals.push(reader.view(reader.u16()));
  return nals;
}

/**
 * An avcC for these parameter sets (NAL units without start code or length), with four-byte NAL lengths.
 *
 * @throws MediaError when the first SPS cannot be read, or there are more or longer ones than the record can hold
 */
export function avcConfigOf(sps: readonly Uint8Array[], pps: readonly Uint8Array[]): Uint8Array {
  const first = sps[0];
  if (first === undefined) throw new MediaError("malformed", "no sequence parameter set");
  if (sps.length > 31 || pps.length > 255) {
    throw new MediaError("limit", `${sps.length} sequence and ${pps.length} picture parameter sets`);
  }
  const parsed = parseAvcSps(first);
  const out = new ByteWriter(256);
  out.u8(1);
  out.write(first.subarray(1, 4));
  out.u8(0xfc | 3);
  out.u8(0xe0 | sps.length);
  for (const nal of sps) writeNal(out, nal);
  out.u8(pps.length);
  for (const nal of pps) writeNal(out, nal);
  if (hasSampleFormat(parsed.profileIdc)) {
    out.u8(0xfc | parsed.chromaFormatIdc);
    out.u8(0xf8 | (parsed.bitDepthLuma - 8));
    out.u8(0xf8 | (parsed.bitDepthChroma - 8));
    out.u8(0);
  }
  return out.finish();
}

function writeNal(out: ByteWriter, nal: Uint8Array): void {
  if (nal.length > 0xffff) throw new MediaError("limit", `a parameter set of ${nal.length} bytes`);
  out.u16(nal.length);
  out.write(nal);
}

/**
 * Whether a length-prefixed access unit is an IDR picture. Recovery points (open GOPs, gradual refresh) are no keys:
 * pictures after them may refer to pictures before them, so they do not decode without earlier packets.
 *
 * @throws MediaError `truncated` when a NAL length before the first slice runs past the end
 */
export function isAvcKey(data: Uint8Array, nalLengthSize: NalLengthSize): boolean {
  // The slices of a picture are all IDR or none is (section 7.4.1.2.4), so the first one tells.
  const slice = findNal(data, nalLengthSize, isSlice);
  return slice !== undefined && (slice & 0x1f) === AVC_NAL_IDR;
}

function isSlice(firstByte: number): boolean {
  const type = firstByte & 0x1f;
  return type >= AVC_NAL_SLICE && type <= AVC_NAL_IDR;
}

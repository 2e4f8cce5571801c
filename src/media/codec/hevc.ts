import { ByteReader } from "../bytes/reader.js";
import { ByteWriter } from "../bytes/writer.js";
import { MediaError } from "../model/error.js";
import type { VideoConfig } from "../model/track.js";
import { type ProfileTierLevel, parseHevcSps, vpsFrameRate } from "./hevc-sps.js";
import { findNal, type NalLengthSize, nalLengthSizeOf } from "./nal.js";
import { advisory } from "./vui.js";

/** NAL unit types (`nal_unit_type`, bits 1 to 6 of the first byte), ITU-T H.265 table 7-1. */
export const HEVC_NAL_BLA_W_LP = 16;
export const HEVC_NAL_RSV_IRAP_VCL23 = 23;
export const HEVC_NAL_VPS = 32;
export const HEVC_NAL_SPS = 33;
export const HEVC_NAL_PPS = 34;

/** An HEVCDecoderConfigurationRecord (`hvcC`), ISO/IEC 14496-15 section 8.3.3.1. The NAL units are views of the input. */
export interface HevcRecord {
  readonly nalLengthSize: NalLengthSize;
  readonly vps: readonly Uint8Array[];
  readonly sps: readonly Uint8Array[];
  readonly pps: readonly Uint8Array[];
}

/**
 * The decoder configuration that an hvcC holds; sizes and codec string are those of its first SPS, the frame rate its
 * VUI's, else the VPS's.
 *
 * @throws MediaError when the record or its first SPS cannot be read
 */
export function readHevcConfig(hvcC: Uint8Array): VideoConfig {
  const record = parseHevcRecord(hvcC);
  const first = record.sps[0];
  if (first === undefined) throw new MediaError("malformed", "an hvcC without a sequence parameter set");
  const sps = parseHevcSps(first);
  const vps = record.vps[0];
  const frameRate = sps.frameRate ?? (vps === undefined ? undefined : advisory(() => vpsFrameRate(vps)));
  return {
    codec: hevcCodecString(sps.profileTierLevel),
    description: hvcC.slice(),
    codedWidth: sps.width,
    codedHeight: sps.height,
    ...(frameRate === undefined ? {} : { frameRate }),
    nalLengthSize: record.nalLengthSize,
    reorderDepth: sps.reorderDepth,
  };
}

/** Takes an hvcC apart. */
export function parseHevcRecord(hvcC: Uint8Array): HevcRecord {
  const reader = new ByteReader(hvcC);
  const version = reader.u8();
  // 0 is what encoders wrote that followed the drafts; the layout is the same.
  if (version > 1) throw new MediaError("unsupported", `hvcC version ${version}`);
  reader.skip(20); // profile, tier, level, chroma format, bit depths and frame rate: the SPS has them too
  const nalLengthSize = nalLengthSizeOf(reader.u8() & 3);
  const sets: Record<number, Uint8Array[]> = { [HEVC_NAL_VPS]: [], [HEVC_NAL_SPS]: [], [HEVC_NAL_PPS]: [] };
  const arrays = reader.u8();
  for (let i = 0; i < arrays; i++) {
    const nals = sets[reader.u8() & 0x3f];
    const count = reader.u16();
    for (let j = 0; j < count; j++) {
      const nal = reader.view(reader.u16());
      // SEI and others stay in the record. Ids go up to 63 at most (section 7.4.3.3.1).
      if (nals === undefined) continue;
      if (nals.length === 64)
        throw new MediaError("limit", "an hvcC of more than 64 parameter sets of a kind");
      nals.push(nal);
    }
  }
  return {
    nalLengthSize,
    vps: sets[HEVC_NAL_VPS] ?? [],
    sps: sets[HEVC_NAL_SPS] ?? [],
    pps: sets[HEVC_NAL_PPS] ?? [],
  };
}

/**
 * An hvcC for these parameter sets (NAL units without start code or length), with four-byte NAL lengths.
 *
 * @throws MediaError when the first SPS cannot be read, or there are more or longer sets than the record can hold
 */
export function hevcConfigOf(
  vps: readonly Uint8Array[],
  sps: readonly Uint8Array[],
  pps: readonly Uint8Array[],
): Uint8Array {
  const first = sps[0];
  if (first === undefined) throw new MediaError("malformed", "no sequence parameter set");
  const { profileTierLevel: ptl, chromaFormatIdc, bitDepthLuma, bitDepthChroma } = parseHevcSps(first);
  // sps_max_sub_layers_minus1 and sps_temporal_id_nesting_flag, behind the header (ITU-T H.265 section 7.3.2.2).
  const layers = first[2] ?? 0;
  const out = new ByteWriter(256);
  out.u8(1);
  out.u8((ptl.profileSpace << 6) | (ptl.highTier ? 0x20 : 0) | ptl.profileIdc);
  out.u32(ptl.compatibility);
  out.write(ptl.constraints);
  out.u8(ptl.levelIdc);
  out.u16(0xf000); // min_spatial_segmentation_idc: none is stated
  out.u8(0xfc); // parallelismType: unknown
  out.u8(0xfc | chromaFormatIdc);
  out.u8(0xf8 | (bitDepthLuma - 8));
  out.u8(0xf8 | (bitDepthChroma - 8));
  out.u16(0); // avgFrameRate: unspecified
  out.u8(((((layers >> 1) & 7) + 1) << 3) | ((layers & 1) << 2) | 3);
  const arrays = [
    [HEVC_NAL_VPS, vps],
    [HEVC_NAL_SPS, sps],
    [HEVC_NAL_PPS, pps],
  ] as const;
  out.u8(arrays.length);
  for (const [type, nals] of arrays) {
    if (nals.length > 64) throw new MediaError("limit", `${nals.length} parameter sets of a kind`);
    out.u8(type);
    out.u16(nals.length);
    for (const nal of nals) {
      if (nal.length > 0xffff) throw new MediaError("limit", `a parameter set of ${nal.length} bytes`);
      out.u16(nal.length);
      out.write(nal);
    }
  }
  return out.finish();
}

/** `hvc1.` and so on, ISO/IEC 14496-15 section E.3, such as `hvc1.1.6.L93.90`. */
export function hevcCodecString(ptl: ProfileTierLevel): string {
  const space = ["", "A", "B", "C"][ptl.profileSpace] ?? "";
  // The compatibility flags are written in reverse bit order.
  let compatibility = 0;
  for (let i = 0; i < 32; i++) if ((ptl.compatibility >>> i) & 1) compatibility += 2 ** (31 - i);
  const constraints = [...ptl.constraints];
  while (constraints.at(-1) === 0) constraints.pop();
  return [
    "hvc1",
    `${space}${ptl.profileIdc}`,
    hex(compatibility),
    `${ptl.highTier ? "H" : "L"}${ptl.levelIdc}`,
    ...constraints.map(hex),
  ].join(".");
}

function hex(value: number): string {
  return value.toString(16).toUpperCase();
}

/**
 * Whether a length-prefixed access unit is an intra random access point: IDR, CRA or BLA. After a CRA picture, leading
 * pictures that refer to earlier ones may follow; a decoder that starts there leaves them out (section 8.1.3).
 *
 * @throws MediaError `truncated` when a NAL length before the first slice runs past the end
 */
export function isHevcKey(data: Uint8Array, nalLengthSize: NalLengthSize): boolean {
  // The slices of a picture are all of one type (section 7.4.2.2), so the first one tells.
  const slice = findNal(data, nalLengthSize, isSlice);
  if (slice === undefined) return false;
  const type = (slice >> 1) & 0x3f;
  return type >= HEVC_NAL_BLA_W_LP && type <= HEVC_NAL_RSV_IRAP_VCL23;
}

/** VCL NAL units are those of types below 32. */
function isSlice(firstByte: number): boolean {
  return ((firstByte >> 1) & 0x3f) < HEVC_NAL_VPS;
}

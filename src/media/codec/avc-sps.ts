import { BitReader, unescapeNal } from "../bytes/bits.js";
import { MediaError } from "../model/error.js";
import { readAvcVui } from "./avc-vui.js";
import { type Colour, checkSize, upTo } from "./vui.js";

/** `nal_unit_type` of an SPS, ITU-T H.264 table 7-1. */
const NAL_SPS = 7;

/** A sequence parameter set, ITU-T H.264 section 7.3.2.1.1. */
export interface AvcSps {
  readonly profileIdc: number;
  /** `constraint_set0_flag` (most significant) to `constraint_set5_flag` and two reserved bits. */
  readonly constraints: number;
  readonly levelIdc: number;
  readonly id: number;
  /** 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4. */
  readonly chromaFormatIdc: number;
  readonly bitDepthLuma: number;
  readonly bitDepthChroma: number;
  readonly maxNumRefFrames: number;
  /** False when pictures may be interlaced. */
  readonly frameMbsOnly: boolean;
  /** Pixels, after cropping. */
  readonly width: number;
  readonly height: number;
  readonly colour?: Colour;
  /** Frames per second. */
  readonly frameRate?: number;
  readonly fixedFrameRate: boolean;
  /**
   * How many frames may precede another in decode order and follow it in output order: `max_num_reorder_frames`, or
   * what section E.2.1 infers where the encoder does not say. An inferred number is an upper bound: an encoder that
   * says nothing, without B pictures, still gets the size of its level's picture buffer.
   */
  readonly reorderDepth: number;
}

/** Profiles whose parameter sets hold chroma format, bit depths and scaling lists (section 7.3.2.1.1). */
const HIGH_PROFILES: ReadonlySet<number> = new Set([
  100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135,
]);

/** Profiles that constraint_set3_flag narrows to intra pictures, so that nothing is reordered (section E.2.1). */
const INTRA_PROFILES: ReadonlySet<number> = new Set([44, 86, 100, 110, 122, 244]);

/** MaxDpbMbs: macroblocks in the decoded picture buffer, by level_idc (table A-1). */
const MAX_DPB_MBS: ReadonlyMap<number, number> = new Map([
  [9, 396],
  [10, 396],
  [11, 900],
  [12, 2376],
  [13, 2376],
  [20, 2376],
  [21, 4752],
  [22, 8100],
  [30, 8100],
  [31, 18000],
  [32, 20480],
  [40, 32768],
  [41, 32768],
  [42, 34816],
  [50, 110400],
  [51, 184320],
  [52, 184320],
  [60, 696320],
  [61, 696320],
  [62, 696320],
]);

/** Whether parameter sets of this profile, and an avcC for them, say chroma format and bit depths. */
export function hasSampleFormat(profileIdc: number): boolean {
  return HIGH_PROFILES.has(profileIdc);
}

/**
 * Reads an SPS NAL unit: its header byte included, emulation prevention bytes in place.
 *
 * @throws MediaError when it is none, ends early, or says what the standard does not allow
 */
export function parseAvcSps(nal: Uint8Array): AvcSps {
  const bits = new BitReader(unescapeNal(nal));
  bits.skip(3);
  const type = bits.bits(5);
  if (type !== NAL_SPS) throw new MediaError("malformed", `NAL unit type ${type} where an SPS belongs`);
  const profileIdc = bits.bits(8);
  const constraints = bits.bits(8);
  const levelIdc = bits.bits(8);
  const id = upTo(bits.ue(), 31, "seq_parameter_set_id");
  const format = hasSampleFormat(profileIdc) ? readFormat(bits) : FORMAT_420_8;
  upTo(bits.ue(), 12, "log2_max_frame_num_minus4");
  const pocType = upTo(bits.ue(), 2, "pic_order_cnt_type");
  if (pocType === 0) {
    upTo(bits.ue(), 12, "log2_max_pic_order_cnt_lsb_minus4");
  } else if (pocType === 1) {
    bits.skip(1); // delta_pic_order_always_zero_flag
    bits.se(); // offset_for_non_ref_pic
    bits.se(); // offset_for_top_to_bottom_field
    const cycle = upTo(bits.ue(), 255, "num_ref_frames_in_pic_order_cnt_cycle");
    for (let i = 0; i < cycle; i++) bits.se(); // offset_for_ref_frame
  }
  const maxNumRefFrames = bits.ue();
  bits.skip(1); // gaps_in_frame_num_value_allowed_flag
  const widthInMbs = bits.ue() + 1;
  const heightInMapUnits = bits.ue() + 1;
  const frameMbsOnly = bits.flag();
  if (!frameMbsOnly) bits.skip(1); // mb_adaptive_frame_field_flag
  bits.skip(1); // direct_8x8_inference_flag
  const heightInMbs = heightInMapUnits * (frameMbsOnly ? 1 : 2);
  checkSize(16 * widthInMbs, 16 * heightInMbs);
  let width = 16 * widthInMbs;
  let height = 16 * heightInMbs;
  if (bits.flag()) {
    // Offsets count chroma samples, and rows of both fields (equations 7-19 to 7-22); 4:4:4 and mono count luma.
    const unitX = format.chroma === 1 || format.chroma === 2 ? 2 : 1;
    const unitY = (format.chroma === 1 ? 2 : 1) * (frameMbsOnly ? 1 : 2);
    width -= unitX * (bits.ue() + bits.ue()); // frame_crop_left_offset, frame_crop_right_offset
    height -= unitY * (bits.ue() + bits.ue()); // frame_crop_top_offset, frame_crop_bottom_offset
    checkSize(width, height);
  }
  const vui = bits.flag() ? readAvcVui(bits) : undefined;
  const intraOnly = (constraints & 0x10) !== 0 && INTRA_PROFILES.has(profileIdc);
  const inferredDepth =
    pocType === 2 || intraOnly
      ? 0
      : maxDpbFrames(levelIdc, profileIdc, constraints, widthInMbs * heightInMbs);
  return {
    profileIdc,
    constraints,
    levelIdc,
    id,
    chromaFormatIdc: format.chroma,
    bitDepthLuma: format.bitDepthLuma,
    bitDepthChroma: format.bitDepthChroma,
    maxNumRefFrames,
    frameMbsOnly,
    width,
    height,
    ...(vui?.colour === undefined ? {} : { colour: vui.colour }),
    ...(vui?.frameRate === undefined ? {} : { frameRate: vui.frameRate }),
    fixedFrameRate: vui?.fixedFrameRate ?? false,
    // Picture order count type 2 forbids reordering (section 8.2.1.3), whatever the VUI says.
    reorderDepth: pocType === 2 ? 0 : (vui?.maxNumReorderFrames ?? inferredDepth),
  };
}

/** MaxDpbFrames, section A.3.1 item h. Of an unknown level, or one too low for its pictures, the most of any level. */
function maxDpbFrames(
  levelIdc: number,
  profileIdc: number,
  constraints: number,
  frameSizeInMbs: number,
): number {
  // Level 1b hides behind level 1.1 and constraint_set3_flag in the profiles that had it first.
  const level1b = levelIdc === 11 && (constraints & 0x10) !== 0 && [66, 77, 88].includes(profileIdc);
  const maxDpbMbs = level1b ? 396 : MAX_DPB_MBS.get(levelIdc);
  const frames = Math.floor((maxDpbMbs ?? 0) / frameSizeInMbs);
  return frames < 1 ? 16 : Math.min(16, frames);
}

interface SampleFormat {
  readonly chroma: number;
  readonly bitDepthLuma: number;
  readonly bitDepthChroma: number;
}

/** What profiles have that do not say. */
const FORMAT_420_8: SampleFormat = { chroma: 1, bitDepthLuma: 8, bitDepthChroma: 8 };

function readFormat(bits: BitReader): SampleFormat {
  const chroma = upTo(bits.ue(), 3, "chroma_format_idc");
  if (chroma === 3) bits.skip(1); // separate_colour_plane_flag
  const bitDepthLuma = 8 + upTo(bits.ue(), 6, "bit_depth_luma_minus8");
  const bitDepthChroma = 8 + upTo(bits.ue(), 6, "bit_depth_chroma_minus8");
  bits.skip(1); // qpprime_y_zero_transform_bypass_flag
  if (bits.flag()) {
    const lists = chroma === 3 ? 12 : 8;
    for (let i = 0; i < lists; i++) if (bits.flag()) skipScalingList(bits, i < 6 ? 16 : 64);
  }
  return { chroma, bitDepthLuma, bitDepthChroma };
}

/** Section 7.3.2.1.1.1: after a scale of zero the rest of the list repeats, unsaid. */
function skipScalingList(bits: BitReader, size: number): void {
  let last = 8;
  for (let i = 0; i < size; i++) {
    const next = (((last + bits.se()) % 256) + 256) % 256;
    if (next === 0) return;
    last = next;
  }
}

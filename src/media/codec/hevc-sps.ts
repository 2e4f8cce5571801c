import { BitReader, unescapeNal } from "../bytes/bits.js";
import { MediaError } from "../model/error.js";
import { advisory, type Colour, checkSize, frameRateOf, readVuiColour, upTo } from "./vui.js";

/** `profile_tier_level()` for the whole stream, ITU-T H.265 section 7.3.3. */
export interface ProfileTierLevel {
  readonly profileSpace: number;
  readonly highTier: boolean;
  readonly profileIdc: number;
  /** `general_profile_compatibility_flag[0]` (most significant bit) to `[31]`. */
  readonly compatibility: number;
  /** The six bytes from `general_progressive_source_flag` on. */
  readonly constraints: Uint8Array;
  /** Thirty times the level. */
  readonly levelIdc: number;
}

/** A sequence parameter set, ITU-T H.265 section 7.3.2.2. */
export interface HevcSps {
  readonly profileTierLevel: ProfileTierLevel;
  /** 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4. */
  readonly chromaFormatIdc: number;
  readonly bitDepthLuma: number;
  readonly bitDepthChroma: number;
  /** Pixels, inside the conformance window. */
  readonly width: number;
  readonly height: number;
  /** `sps_max_num_reorder_pics` of the highest temporal sub-layer. */
  readonly reorderDepth: number;
  readonly colour?: Colour;
  /** Pictures per second: fields, where each field is a picture of its own (`field_seq_flag`). */
  readonly frameRate?: number;
}

/** Reads an SPS NAL unit: its two header bytes included, emulation prevention bytes in place. */
export function parseHevcSps(nal: Uint8Array): HevcSps {
  const bits = new BitReader(unescapeNal(nal));
  bits.skip(16 + 4); // header, sps_video_parameter_set_id
  const maxSubLayersMinus1 = upTo(bits.bits(3), 6, "sps_max_sub_layers_minus1");
  bits.skip(1); // sps_temporal_id_nesting_flag
  const profileTierLevel = readProfileTierLevel(bits, maxSubLayersMinus1);
  upTo(bits.ue(), 15, "sps_seq_parameter_set_id");
  const chroma = upTo(bits.ue(), 3, "chroma_format_idc");
  const separatePlanes = chroma === 3 && bits.flag();
  let width = bits.ue();
  let height = bits.ue();
  checkSize(width, height);
  if (bits.flag()) {
    // Offsets count chroma samples (section 7.4.3.2.1).
    const unitX = !separatePlanes && (chroma === 1 || chroma === 2) ? 2 : 1;
    const unitY = chroma === 1 ? 2 : 1;
    width -= unitX * (bits.ue() + bits.ue()); // conf_win_left_offset, conf_win_right_offset
    height -= unitY * (bits.ue() + bits.ue()); // conf_win_top_offset, conf_win_bottom_offset
    checkSize(width, height);
  }
  const bitDepthLuma = 8 + upTo(bits.ue(), 8, "bit_depth_luma_minus8");
  const bitDepthChroma = 8 + upTo(bits.ue(), 8, "bit_depth_chroma_minus8");
  const pocLsbBits = 4 + upTo(bits.ue(), 12, "log2_max_pic_order_cnt_lsb_minus4");
  const reorderDepth = readReorderDepth(bits, maxSubLayersMinus1);
  // What follows only leads to the VUI, which is advisory: damage there does not make the pictures undecodable.
  let colour: Colour | undefined;
  let frameRate: number | undefined;
  advisory(() => {
    skipToVui(bits, pocLsbBits);
    if (!bits.flag()) return;
    colour = readVuiColour(bits);
    frameRate = readVuiFrameRate(bits);
  });
  return {
    profileTierLevel,
    chromaFormatIdc: chroma,
    bitDepthLuma,
    bitDepthChroma,
    width,
    height,
    reorderDepth,
    ...(colour === undefined ? {} : { colour }),
    ...(frameRate === undefined ? {} : { frameRate }),
  };
}

/** The frame rate in a VPS NAL unit (section 7.3.2.1); undefined where it states none. */
export function vpsFrameRate(nal: Uint8Array): number | undefined {
  const bits = new BitReader(unescapeNal(nal));
  bits.skip(16 + 4 + 2 + 6); // header, id, base layer flags, vps_max_layers_minus1
  const maxSubLayersMinus1 = upTo(bits.bits(3), 6, "vps_max_sub_layers_minus1");
  bits.skip(1 + 16); // vps_temporal_id_nesting_flag, vps_reserved_0xffff_16bits
  readProfileTierLevel(bits, maxSubLayersMinus1);
  readReorderDepth(bits, maxSubLayersMinus1);
  const maxLayerId = bits.bits(6);
  const layerSets = upTo(bits.ue(), 1023, "vps_num_layer_sets_minus1");
  bits.skip(layerSets * (maxLayerId + 1)); // layer_id_included_flag
  return bits.flag() ? readTiming(bits) : undefined;
}

/** Section 7.3.3. */
function readProfileTierLevel(bits: BitReader, maxSubLayersMinus1: number): ProfileTierLevel {
  const profileSpace = bits.bits(2);
  const highTier = bits.flag();
  const profileIdc = bits.bits(5);
  const compatibility = bits.bits(32);
  const constraints = new Uint8Array(6);
  for (let i = 0; i < 6; i++) constraints[i] = bits.bits(8);
  const levelIdc = bits.bits(8);
  let skipped = 0;
  for (let i = 0; i < maxSubLayersMinus1; i++) {
    if (bits.flag()) skipped += 88; // sub_layer_profile_present_flag
    if (bits.flag()) skipped += 8; // sub_layer_level_present_flag
  }
  if (maxSubLayersMinus1 > 0) bits.skip(2 * (8 - maxSubLayersMinus1)); // reserved_zero_2bits
  bits.skip(skipped);
  return { profileSpace, highTier, profileIdc, compatibility, constraints, levelIdc };
}

/** The sub-layers' picture buffer sizes, of which only the highest's reordering matters here. */
function readReorderDepth(bits: BitReader, maxSubLayersMinus1: number): number {
  const layers = bits.flag() ? maxSubLayersMinus1 + 1 : 1; // sub_layer_ordering_info_present_flag
  let reorderDepth = 0;
  for (let i = 0; i < layers; i++) {
    bits.ue(); // max_dec_pic_buffering_minus1
    reorderDepth = Math.min(bits.ue(), 15); // max_num_reorder_pics, less than the 16 that a picture buffer holds
    bits.ue(); // max_latency_increase_plus1
  }
  return reorderDepth;
}

/** From `log2_min_luma_coding_block_size_minus3` up to `vui_parameters_present_flag`. */
function skipToVui(bits: BitReader, pocLsbBits: number): void {
  for (let i = 0; i < 6; i++) bits.ue(); // block sizes and transform hierarchy depths
  if (bits.flag() && bits.flag()) skipScalingLists(bits);
  bits.skip(2); // amp_enabled_flag, sample_adaptive_offset_enabled_flag
  if (bits.flag()) {
    bits.skip(8); // pcm sample bit depths
    bits.ue(); // log2_min_pcm_luma_coding_block_size_minus3
    bits.ue(); // log2_diff_max_min_pcm_luma_coding_block_size
    bits.skip(1); // pcm_loop_filter_disabled_flag
  }
  const sets = upTo(bits.ue(), 64, "num_short_term_ref_pic_sets");
  let previous: readonly number[] = [];
  for (let i = 0; i < sets; i++) previous = readShortTermRefPicSet(bits, i, previous);
  if (bits.flag()) {
    const longTerm = upTo(bits.ue(), 32, "num_long_term_ref_pics_sps");
    bits.skip(longTerm * (pocLsbBits + 1)); // lt_ref_pic_poc_lsb_sps, used_by_curr_pic_lt_sps_flag
  }
  bits.skip(2); // sps_temporal_mvp_enabled_flag, strong_intra_smoothing_enabled_flag
}

/** Section 7.3.4. */
function skipScalingLists(bits: BitReader): void {
  for (let sizeId = 0; sizeId < 4; sizeId++) {
    const coefficients = Math.min(64, 1 << (4 + 2 * sizeId));
    for (let matrixId = 0; matrixId < 6; matrixId += sizeId === 3 ? 3 : 1) {
      if (!bits.flag()) {
        bits.ue(); // scaling_list_pred_matrix_id_delta
        continue;
      }
      if (sizeId > 1) bits.se(); // scaling_list_dc_coef_minus8
      for (let i = 0; i < coefficients; i++) bits.se(); // scaling_list_delta_coef
    }
  }
}

/**
 * Section 7.3.7: the picture order count differences of a set, nearest before first, then nearest after; `previous` is
 * the set before it, from which it may be predicted (equations 7-61 and 7-62).
 */
function readShortTermRefPicSet(bits: BitReader, index: number, previous: readonly number[]): number[] {
  const before: number[] = [];
  const after: number[] = [];
  if (index > 0 && bits.flag()) {
    const negative = bits.flag();
    const step = bits.ue() + 1; // abs_delta_rps_minus1
    const delta = negative ? -step : step;
    for (const base of [...previous, 0]) {
      const used = bits.flag();
      const kept = used || bits.flag(); // use_delta_flag
      if (!kept) continue;
      const poc = base + delta;
      if (poc < 0) before.push(poc);
      else if (poc > 0) after.push(poc);
    }
    before.sort((a, b) => b - a);
    after.sort((a, b) => a - b);
  } else {
    const negatives = upTo(bits.ue(), 16, "num_negative_pics");
    const positives = upTo(bits.ue(), 16, "num_positive_pics");
    for (let i = 0, poc = 0; i < negatives; i++) {
      poc -= bits.ue() + 1; // delta_poc_s0_minus1
      bits.skip(1); // used_by_curr_pic_s0_flag
      before.push(poc);
    }
    for (let i = 0, poc = 0; i < positives; i++) {
      poc += bits.ue() + 1; // delta_poc_s1_minus1
      bits.skip(1); // used_by_curr_pic_s1_flag
      after.push(poc);
    }
  }
  const set = [...before, ...after];
  // Prediction may add one picture a set; a picture buffer holds 16.
  if (set.length > 32) throw new MediaError("malformed", "a reference picture set of more than 32 pictures");
  return set;
}

/** Section E.2.1, from `neutral_chroma_indication_flag` to the timing. */
function readVuiFrameRate(bits: BitReader): number | undefined {
  bits.skip(1); // neutral_chroma_indication_flag
  bits.skip(2); // field_seq_flag, frame_field_info_present_flag
  if (bits.flag()) for (let i = 0; i < 4; i++) bits.ue(); // default display window
  return bits.flag() ? readTiming(bits) : undefined;
}

/** `num_units_in_tick` and `time_scale`: a tick is the time of a picture. */
function readTiming(bits: BitReader): number | undefined {
  const unitsInTick = bits.bits(32);
  return frameRateOf(bits.bits(32), unitsInTick);
}

import { BitReader } from "../bytes/bits.js";
import { type Colour, frameRateOf, upTo } from "./vui.js";

/** A sequence header OBU, AV1 bitstream specification section 5.5.1. */
export interface Av1Sequence {
  readonly profile: number;
  /** Level and tier of operating point 0. */
  readonly levelIdx: number;
  readonly highTier: boolean;
  /** The most that frames of the sequence measure, in pixels. */
  readonly width: number;
  readonly height: number;
  readonly bitDepth: 8 | 10 | 12;
  readonly monochrome: boolean;
  readonly subsamplingX: boolean;
  readonly subsamplingY: boolean;
  readonly colour: Colour;
  /** Frames per second, where pictures come at equal intervals. */
  readonly frameRate?: number;
  /** Frame headers leave out what a still picture does not need. */
  readonly reducedStillPictureHeader: boolean;
}

/** Reads the payload of a sequence header OBU. */
export function parseAv1Sequence(payload: Uint8Array): Av1Sequence {
  const bits = new BitReader(payload);
  const profile = upTo(bits.bits(3), 2, "seq_profile");
  bits.skip(1); // still_picture
  const reduced = bits.flag();
  let frameRate: number | undefined;
  let levelIdx: number;
  let highTier = false;
  if (reduced) {
    levelIdx = bits.bits(5);
  } else {
    let delayLength = 0;
    if (bits.flag()) {
      frameRate = readTiming(bits);
      if (bits.flag()) {
        delayLength = bits.bits(5) + 1; // buffer_delay_length_minus_1
        bits.skip(32 + 5 + 5); // num_units_in_decoding_tick, lengths of removal and presentation time
      }
    }
    ({ levelIdx, highTier } = readOperatingPoints(bits, delayLength));
  }
  const widthBits = bits.bits(4) + 1;
  const heightBits = bits.bits(4) + 1;
  const width = bits.bits(widthBits) + 1;
  const height = bits.bits(heightBits) + 1;
  if (!reduced && bits.flag()) bits.skip(7); // frame_id_numbers_present_flag: the lengths of two ids
  bits.skip(3); // use_128x128_superblock, enable_filter_intra, enable_intra_edge_filter
  if (!reduced) skipTools(bits);
  bits.skip(3); // enable_superres, enable_cdef, enable_restoration
  const colour = readColourConfig(bits, profile);
  return {
    profile,
    levelIdx,
    highTier,
    width,
    height,
    ...colour,
    ...(frameRate === undefined ? {} : { frameRate }),
    reducedStillPictureHeader: reduced,
  };
}

/** `timing_info`, section 5.5.3. */
function readTiming(bits: BitReader): number | undefined {
  const unitsInTick = bits.bits(32);
  const timeScale = bits.bits(32);
  const equalInterval = bits.flag();
  if (!equalInterval) return undefined;
  return frameRateOf(timeScale, unitsInTick * (bits.ue() + 1)); // num_ticks_per_picture_minus_1
}

/** @param delayLength bits of a buffer delay; 0 where the decoder model is absent */
function readOperatingPoints(bits: BitReader, delayLength: number): { levelIdx: number; highTier: boolean } {
  const displayDelayPresent = bits.flag(); // initial_display_delay_present_flag
  const points = bits.bits(5) + 1;
  const first = { levelIdx: 0, highTier: false };
  for (let i = 0; i < points; i++) {
    bits.skip(12); // operating_point_idc
    const levelIdx = bits.bits(5);
    const highTier = levelIdx > 7 && bits.flag();
    if (delayLength > 0 && bits.flag()) bits.skip(2 * delayLength + 1); // operating_parameters_info
    if (displayDelayPresent && bits.flag()) bits.skip(4); // initial_display_delay_minus_1
    if (i === 0) {
      first.levelIdx = levelIdx;
      first.highTier = highTier;
    }
  }
  return first;
}

/** From `enable_interintra_compound` to `order_hint_bits_minus_1`. */
function skipTools(bits: BitReader): void {
  bits.skip(4); // interintra and masked compound, warped motion, dual filter
  const orderHint = bits.flag();
  if (orderHint) bits.skip(2); // enable_jnt_comp, enable_ref_frame_mvs
  // seq_choose_screen_content_tools selects per frame, which counts as "may be forced".
  const screenContent = bits.flag() || bits.flag();
  if (screenContent && !bits.flag()) bits.skip(1); // seq_choose_integer_mv, seq_force_integer_mv
  if (orderHint) bits.skip(3);
}

type ColourConfig = Pick<Av1Sequence, "bitDepth" | "monochrome" | "subsamplingX" | "subsamplingY" | "colour">;

/** `color_config`, section 5.5.2, up to `chroma_sample_position`. */
function readColourConfig(bits: BitReader, profile: number): ColourConfig {
  const high = bits.flag();
  const twelve = profile === 2 && high && bits.flag();
  const bitDepth = twelve ? 12 : high ? 10 : 8;
  const monochrome = profile !== 1 && bits.flag();
  let [primaries, transfer, matrix] = [2, 2, 2]; // unspecified
  if (bits.flag()) {
    primaries = bits.bits(8);
    transfer = bits.bits(8);
    matrix = bits.bits(8);
  }
  let subsamplingX = true;
  let subsamplingY = true;
  let fullRange = true;
  if (!monochrome && primaries === 1 && transfer === 13 && matrix === 0) {
    // sRGB: the planes are G, B and R in full.
    subsamplingX = false;
    subsamplingY = false;
  } else {
    fullRange = bits.flag();
    if (!monochrome && profile === 1) {
      subsamplingX = false;
      subsamplingY = false;
    } else if (!monochrome && profile === 2) {
      subsamplingX = twelve ? bits.flag() : true;
      subsamplingY = twelve && subsamplingX ? bits.flag() : false;
    }
  }
  return {
    bitDepth,
    monochrome,
    subsamplingX,
    subsamplingY,
    colour: { primaries, transfer, matrix, fullRange },
  };
}

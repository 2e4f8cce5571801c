import type { BitReader } from "../bytes/bits.js";
import { MediaError } from "../model/error.js";

/** Colour description, code points of ITU-T H.273. */
export interface Colour {
  readonly primaries: number;
  readonly transfer: number;
  readonly matrix: number;
  readonly fullRange: boolean;
}

/** `aspect_ratio_info` to `chroma_loc_info`: the part of the VUI that H.264 E.1.1 and H.265 E.2.1 share. */
export function readVuiColour(bits: BitReader): Colour | undefined {
  if (bits.flag() && bits.bits(8) === 255) bits.skip(32); // aspect_ratio_idc Extended_SAR: sar_width, sar_height
  if (bits.flag()) bits.skip(1); // overscan_info_present_flag: overscan_appropriate_flag
  let colour: Colour | undefined;
  if (bits.flag()) {
    bits.skip(3); // video_format
    const fullRange = bits.flag();
    // 2 is "unspecified" in all three tables.
    colour = { primaries: 2, transfer: 2, matrix: 2, fullRange };
    if (bits.flag()) {
      colour = { primaries: bits.bits(8), transfer: bits.bits(8), matrix: bits.bits(8), fullRange };
    }
  }
  if (bits.flag()) {
    bits.ue(); // chroma_sample_loc_type_top_field
    bits.ue(); // chroma_sample_loc_type_bottom_field
  }
  return colour;
}

/**
 * Frames per second from a clock's rate and its ticks per frame; undefined for zero and for more than 1000 a second,
 * which is what encoders write that state their clock (such as 90 kHz) instead of a rate.
 */
export function frameRateOf(timeScale: number, ticksPerFrame: number): number | undefined {
  const rate = timeScale / ticksPerFrame;
  return rate > 0 && rate <= 1000 ? rate : undefined;
}

/** The value of a syntax element, refused where it is above what the standard allows. */
export function upTo(value: number, most: number, name: string): number {
  if (value > most) throw new MediaError("malformed", `${name} is ${value}, at most ${most}`);
  return value;
}

/** Refuses pictures that have no pixels, or more than MP4's 16-bit sample entry fields can state. */
export function checkSize(width: number, height: number): void {
  if (width < 1 || height < 1) throw new MediaError("malformed", "cropping leaves no picture");
  if (width > 0xffff || height > 0xffff) throw new MediaError("limit", `a picture of ${width}x${height}`);
}

/**
 * Reads what is only advisory: undefined where it is damaged, for the pictures decode without it, and encoders exist
 * that write it wrong.
 */
export function advisory<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof MediaError) return undefined;
    throw error;
  }
}

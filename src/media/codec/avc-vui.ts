import type { BitReader } from "../bytes/bits.js";
import { MediaError } from "../model/error.js";
import { advisory, type Colour, frameRateOf, readVuiColour } from "./vui.js";

/** What a sequence parameter set's VUI says; each is undefined where it says nothing. */
export interface AvcVui {
  readonly colour: Colour | undefined;
  /** Frames per second. */
  readonly frameRate: number | undefined;
  readonly fixedFrameRate: boolean;
  /** `max_num_reorder_frames`. */
  readonly maxNumReorderFrames: number | undefined;
}

/**
 * VUI parameters, ITU-T H.264 section E.1.1. Where they are damaged, what stood before the damage counts: they are
 * advisory, and encoders exist that write them wrong.
 */
export function readAvcVui(bits: BitReader): AvcVui {
  const vui: { -readonly [Name in keyof AvcVui]: AvcVui[Name] } = {
    colour: undefined,
    frameRate: undefined,
    fixedFrameRate: false,
    maxNumReorderFrames: undefined,
  };
  advisory(() => {
    vui.colour = readVuiColour(bits);
    if (bits.flag()) {
      const unitsInTick = bits.bits(32);
      const timeScale = bits.bits(32);
      // A tick is the time of a field, whether or not the pictures are coded as fields (section E.2.1).
      vui.frameRate = frameRateOf(timeScale, 2 * unitsInTick);
      vui.fixedFrameRate = bits.flag();
    }
    const nalHrd = bits.flag();
    if (nalHrd) skipHrd(bits);
    const vclHrd = bits.flag();
    if (vclHrd) skipHrd(bits);
    if (nalHrd || vclHrd) bits.skip(1); // low_delay_hrd_flag
    bits.skip(1); // pic_struct_present_flag
    if (bits.flag()) {
      bits.skip(1); // motion_vectors_over_pic_boundaries_flag
      bits.ue(); // max_bytes_per_pic_denom
      bits.ue(); // max_bits_per_mb_denom
      bits.ue(); // log2_max_mv_length_horizontal
      bits.ue(); // log2_max_mv_length_vertical
      const reorder = bits.ue();
      const buffering = bits.ue(); // max_dec_frame_buffering, at most MaxDpbFrames
      if (reorder <= buffering && buffering <= 16) vui.maxNumReorderFrames = reorder;
    }
  });
  return vui;
}

/** HRD parameters, section E.1.2. */
function skipHrd(bits: BitReader): void {
  const count = bits.ue() + 1; // cpb_cnt_minus1
  if (count > 32) throw new MediaError("malformed", `${count} coded picture buffers`);
  bits.skip(8); // bit_rate_scale, cpb_size_scale
  for (let i = 0; i < count; i++) {
    bits.ue(); // bit_rate_value_minus1
    bits.ue(); // cpb_size_value_minus1
    bits.skip(1); // cbr_flag
  }
  bits.skip(20); // the lengths of three delays, and time_offset_length
}

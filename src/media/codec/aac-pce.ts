import type { BitReader } from "../bytes/bits.js";
import { MediaError } from "../model/error.js";

/**
 * Reads a program_config_element (ISO/IEC 14496-3 section 4.4.1.1) and says how many output channels it describes.
 * Its byte alignment counts from the start of the AudioSpecificConfig.
 */
export function readPce(bits: BitReader): number {
  bits.skip(4 + 2 + 4); // element_instance_tag, object_type, sampling_frequency_index
  const front = bits.bits(4);
  const side = bits.bits(4);
  const back = bits.bits(4);
  const lfe = bits.bits(2);
  const assocData = bits.bits(3);
  const coupling = bits.bits(4);
  if (bits.flag()) bits.skip(4); // mono_mixdown_element_number
  if (bits.flag()) bits.skip(4); // stereo_mixdown_element_number
  if (bits.flag()) bits.skip(3); // matrix_mixdown_idx, pseudo_surround_enable
  let channels = lfe;
  for (let i = 0; i < front + side + back; i++) {
    channels += bits.flag() ? 2 : 1; // is_cpe: a channel pair
    bits.skip(4); // element_tag_select
  }
  bits.skip(4 * (lfe + assocData) + 5 * coupling);
  // The reader stands at the end of the whole bytes when nothing but whole bytes is left.
  bits.skip(bits.remaining % 8);
  bits.skip(8 * bits.bits(8)); // comment_field_bytes
  if (channels === 0) throw new MediaError("malformed", "a program config element without channels");
  return channels;
}

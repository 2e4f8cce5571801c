import { BitReader, unescapeNal } from "../../bytes/bits.js";
import { AVC_NAL_SEI, AVC_NAL_SLICE } from "../../codec/avc.js";
import { type NalLengthSize, splitNals } from "../../codec/nal.js";

/** payloadType of a recovery point SEI message, ITU-T H.264 section D.1.8. */
const SEI_RECOVERY_POINT = 6;
/** More than the first fields of a slice header, or the SEI messages before a recovery point, need. */
const HEAD_BYTES = 256;

/**
 * Whether an AVC access unit without an IDR picture, which its encoder calls a key frame, is one to begin with: it has a
 * recovery point SEI message (open GOPs, and intra refresh, which has no other entry points), or all of its slices are
 * intra.
 *
 * @throws MediaError when a NAL length runs past the end, or a slice ends before its type
 */
export function isAvcRecoveryPoint(data: Uint8Array, nalLengthSize: NalLengthSize): boolean {
  let intraSlices = 0;
  for (const nal of splitNals(data, nalLengthSize)) {
    const type = (nal[0] as number) & 0x1f;
    if (type !== AVC_NAL_SEI && type !== AVC_NAL_SLICE) continue;
    const payload = unescapeNal(nal.subarray(1, HEAD_BYTES));
    if (type === AVC_NAL_SEI) {
      if (hasRecoveryPoint(payload)) return true;
    } else if (isIntraSlice(payload)) {
      intraSlices += 1;
    } else {
      return false;
    }
  }
  return intraSlices > 0;
}

/** Walks sei_message() (section 7.3.2.3.1); what is cut off counts as absent. */
function hasRecoveryPoint(sei: Uint8Array): boolean {
  let at = 0;
  while (at + 1 < sei.length) {
    let type = 0;
    for (; sei[at] === 0xff; at++) type += 255;
    type += sei[at++] ?? 0;
    if (type === SEI_RECOVERY_POINT) return true;
    let size = 0;
    for (; sei[at] === 0xff; at++) size += 255;
    size += sei[at++] ?? 0;
    at += size;
  }
  return false;
}

/** Reads first_mb_in_slice and slice_type (section 7.3.3): I is 2 and 7, SI 4 and 9. */
function isIntraSlice(slice: Uint8Array): boolean {
  const bits = new BitReader(slice);
  bits.ue();
  const type = bits.ue() % 5;
  return type === 2 || type === 4;
}

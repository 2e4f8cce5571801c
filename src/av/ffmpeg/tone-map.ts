import type { ColorInfo } from "../media-info.js";
import type { HdrColor } from "../task.js";

/** SMPTE ST 2084 (PQ) and ARIB STD-B67 (HLG), as FFmpeg calls them. */
const TRANSFERS = ["smpte2084", "arib-std-b67"] as const;
/** Those of a wide gamut; what says nothing, or anything else, has the usual one. */
const PRIMARIES = ["bt2020", "smpte431", "smpte432", "bt709"];

/** What colours of a high dynamic range are; undefined for all others. */
export function hdrColor({ transfer, primaries }: ColorInfo): HdrColor | undefined {
  const found = TRANSFERS.find((each) => each === transfer);
  if (found === undefined) return undefined;
  const wide = primaries !== undefined && PRIMARIES.includes(primaries) ? primaries : "bt2020";
  return { transfer: found, primaries: wide };
}

/** The filters below. Many builds have them; those without zimg do not. */
export const TONE_MAP_FILTERS = ["zscale", "tonemap"] as const;

/**
 * Brings a high dynamic range into the standard one: BT.709 with 8 bits.
 *
 * White is what a display of 100 cd/m² shows, as SDR is graded for. `mobius` leaves what is darker nearly as it is and
 * bends what is brighter; other curves (`hable`) darken all of it.
 */
export function toneMapFilters({ transfer, primaries }: HdrColor): string {
  return [
    // Without subsampled colours, of which zscale takes no odd sides.
    "format=gbrp12le",
    `zscale=tin=${transfer}:pin=${primaries}:min=gbr:rin=pc:t=linear:npl=100`,
    "format=gbrpf32le",
    "zscale=p=bt709",
    "tonemap=tonemap=mobius:desat=0",
    "zscale=t=bt709:m=bt709:r=tv",
    "format=yuv444p",
  ].join(",");
}

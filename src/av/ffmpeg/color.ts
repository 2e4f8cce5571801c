import type { ColorInfo, HdrInfo } from "../media-info.js";
import type { ProbedStream, SideData } from "./probed.js";
import { measure } from "./values.js";

const UNKNOWN = new Set(["unknown", "reserved", "unspecified"]);
/** SMPTE ST 2084 and ARIB STD-B67, as FFmpeg calls them. */
const HDR_TRANSFERS: Readonly<Record<string, HdrInfo["kind"]>> = { smpte2084: "pq", "arib-std-b67": "hlg" };

export function readColor(stream: ProbedStream): ColorInfo {
  const entry = (name: keyof ColorInfo, value: string | undefined): ColorInfo =>
    value === undefined || UNKNOWN.has(value) ? {} : { [name]: value };
  return {
    ...entry("primaries", stream.color_primaries),
    ...entry("transfer", stream.color_transfer),
    ...entry("matrix", stream.color_space),
    ...entry("range", stream.color_range),
  };
}

/** What a display must know of a picture with a high dynamic range; undefined for all others. */
export function readHdr(transfer: string | undefined, sideData: readonly SideData[]): HdrInfo | undefined {
  const typed = (part: string): SideData | undefined =>
    sideData.find(({ side_data_type = "" }) => side_data_type.includes(part));
  const kind = typed("DOVI") !== undefined ? "dolby-vision" : HDR_TRANSFERS[transfer ?? ""];
  if (kind === undefined) return undefined;
  const mastering = typed("Mastering display");
  const light = typed("Content light level");
  const minLuminance = measure(mastering?.min_luminance);
  const maxLuminance = measure(mastering?.max_luminance);
  const display = mastering && readDisplay(mastering);
  return {
    kind,
    ...(minLuminance === undefined ? {} : { minLuminance }),
    ...(maxLuminance === undefined ? {} : { maxLuminance }),
    ...(display === undefined ? {} : { display }),
    ...(light?.max_content === undefined ? {} : { maxContentLight: light.max_content }),
    ...(light?.max_average === undefined ? {} : { maxFrameAverageLight: light.max_average }),
  };
}

function readDisplay(data: SideData): HdrInfo["display"] | undefined {
  const point = (x: string | undefined, y: string | undefined): readonly [number, number] | undefined => {
    const at = [measure(x), measure(y)] as const;
    return at[0] === undefined || at[1] === undefined ? undefined : [at[0], at[1]];
  };
  const red = point(data.red_x, data.red_y);
  const green = point(data.green_x, data.green_y);
  const blue = point(data.blue_x, data.blue_y);
  const white = point(data.white_point_x, data.white_point_y);
  if (red === undefined || green === undefined || blue === undefined || white === undefined) return undefined;
  return { red, green, blue, white };
}

import { av1SequenceOf } from "../media/codec/av1.js";
import { parseAvcRecord } from "../media/codec/avc.js";
import { parseAvcSps } from "../media/codec/avc-sps.js";
import { parseHevcRecord } from "../media/codec/hevc.js";
import { parseHevcSps } from "../media/codec/hevc-sps.js";
import { vpcRecordOf } from "../media/codec/vp9.js";
import type { VideoTrack } from "../media/model/track.js";
import type { HdrColor } from "./task.js";

/** Code points of ITU-T H.273. */
const TRANSFERS: Readonly<Record<number, HdrColor["transfer"]>> = { 16: "smpte2084", 18: "arib-std-b67" };
const PRIMARIES: Readonly<Record<number, string>> = {
  1: "bt709",
  9: "bt2020",
  11: "smpte431",
  12: "smpte432",
};

/** What colours of a high dynamic range a track's configuration says that it has; undefined for all others. */
export function hdrColorOf({ codec, config }: VideoTrack): HdrColor | undefined {
  const { description } = config;
  if (description === undefined) return undefined;
  try {
    const { transfer, primaries } = codePoints(codec, description) ?? {};
    const found = TRANSFERS[transfer ?? 0];
    return found && { transfer: found, primaries: PRIMARIES[primaries ?? 0] ?? "bt2020" };
  } catch {
    // What cannot be read here is the decoder's to judge.
    return undefined;
  }
}

function codePoints(
  codec: VideoTrack["codec"],
  description: Uint8Array,
): { readonly transfer: number; readonly primaries: number } | undefined {
  switch (codec) {
    case "avc": {
      const [sps] = parseAvcRecord(description).sps;
      return sps && parseAvcSps(sps).colour;
    }
    case "hevc": {
      const [sps] = parseHevcRecord(description).sps;
      return sps && parseHevcSps(sps).colour;
    }
    case "av1":
      return av1SequenceOf(description.subarray(4))?.colour;
    case "vp9": {
      const [, , , primaries = 0, transfer = 0] = vpcRecordOf(description);
      return { primaries, transfer };
    }
  }
}

import { type MediaRange, parseAccept, splitCodecs } from "./accept.js";
import type { Codec } from "./types.js";

/** How much a client wants each codec, 0 to 1. Those that it does not name are 0; H.264 need not be named. */
export type CodecWeights = Readonly<Record<Codec, number>>;

const FAMILIES: Readonly<Record<string, Codec>> = {
  avc1: "h264",
  avc3: "h264",
  h264: "h264",
  hvc1: "hevc",
  hev1: "hevc",
  h265: "hevc",
  hevc: "hevc",
  vp09: "vp9",
  vp9: "vp9",
  av01: "av1",
  av1: "av1",
};

/** What stands for H.264 where nothing names it, the most exact first: what our streams come in. */
const GENERAL = ["video/mp4", "video/x-flv", "video/*", "*/*"];

/** `av1` for `av01.0.05M.08`; undefined for what is no video codec of ours. */
export function codecFamily(codec: string): Codec | undefined {
  const dot = codec.indexOf(".");
  const head = (dot < 0 ? codec : codec.slice(0, dot)).toLowerCase();
  return Object.hasOwn(FAMILIES, head) ? FAMILIES[head] : undefined;
}

/** What a list such as `?codecs=av01.0.05M.08,avc1.64001f` names. */
export function weightsOfList(list: string): CodecWeights {
  const weights: Record<Codec, number> = { h264: 0, hevc: 0, vp9: 0, av1: 0 };
  for (const codec of splitCodecs(list)) {
    const family = codecFamily(codec);
    if (family !== undefined) weights[family] = 1;
  }
  return weights;
}

/** What an `Accept` header names; without one, H.264 and no other. */
export function weightsOfAccept(accept: string | undefined): CodecWeights {
  const weights: Record<Codec, number> = { h264: 0, hevc: 0, vp9: 0, av1: 0 };
  const ranges = parseAccept(accept ?? "");
  let named = false;
  for (const { type, codecs, weight } of ranges) {
    if (type !== "video") continue;
    for (const codec of codecs ?? []) {
      const family = codecFamily(codec);
      if (family === undefined) continue;
      named ||= family === "h264";
      // Named twice with different profiles: one of them will do.
      weights[family] = Math.max(weights[family], weight);
    }
  }
  if (!named) weights.h264 = ranges.length === 0 ? 1 : generalWeight(ranges);
  return weights;
}

function generalWeight(ranges: readonly MediaRange[]): number {
  for (const general of GENERAL) {
    const found = ranges.find(
      ({ type, subtype, codecs }) => codecs === undefined && `${type}/${subtype}` === general,
    );
    if (found !== undefined) return found.weight;
  }
  return 0;
}

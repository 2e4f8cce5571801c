import { BitReader, unescapeNal } from "../../bytes/bits.js";
import { equalBytes } from "../../bytes/bytes.js";
import { avcConfigOf, readAvcConfig } from "../../codec/avc.js";
import { HEVC_NAL_PPS, HEVC_NAL_SPS, HEVC_NAL_VPS, hevcConfigOf, readHevcConfig } from "../../codec/hevc.js";
import { MediaError } from "../../model/error.js";
import { VIDEO_TRACK_ID, type VideoTrack } from "../../model/track.js";

const AVC_NAL_SPS = 7;
const AVC_NAL_PPS = 8;

const MAX_SETS = 64;
const MAX_SET_BYTES = 4096;
/** An id lies within the first bytes of its set. */
const HEAD_BYTES = 16;

/** The parameter sets of a stream, from its description and out of its packets, and the track that they make. */
export interface ParameterSets {
  /** Whether a NAL unit, by its first byte, is one of them: those belong into the track, not into access units. */
  isSet(firstByte: number): boolean;
  /**
   * Takes note of a set; it is copied.
   *
   * @throws MediaError when it is too large or has no id
   */
  add(nal: Uint8Array): void;
  /**
   * The track with the sets so far, the same object while they are the same; undefined while some are missing.
   *
   * @throws MediaError when they cannot be read
   */
  track(): VideoTrack | undefined;
}

interface Codec {
  /** Its kinds of sets, in the order of the configuration record. */
  readonly types: readonly number[];
  typeOf(firstByte: number): number;
  /** The kind is known to be one of `types`. */
  idOf(type: number, head: Uint8Array): number;
  track(sets: readonly (readonly Uint8Array[])[]): VideoTrack;
}

const AVC: Codec = {
  types: [AVC_NAL_SPS, AVC_NAL_PPS],
  typeOf: (firstByte) => firstByte & 0x1f,
  idOf(type, head) {
    const bits = new BitReader(unescapeNal(head));
    bits.skip(type === AVC_NAL_SPS ? 8 + 24 : 8);
    return bits.ue();
  },
  track([sps = [], pps = []]) {
    const config = readAvcConfig(avcConfigOf(sps, pps));
    return { id: VIDEO_TRACK_ID, kind: "video", codec: "avc", config };
  },
};

const HEVC: Codec = {
  types: [HEVC_NAL_VPS, HEVC_NAL_SPS, HEVC_NAL_PPS],
  typeOf: (firstByte) => (firstByte >> 1) & 0x3f,
  idOf(type, head) {
    // An SPS has its id behind fields of any length; more than one is not in use.
    if (type === HEVC_NAL_SPS) return 0;
    const bits = new BitReader(unescapeNal(head));
    bits.skip(16);
    return type === HEVC_NAL_VPS ? bits.bits(4) : bits.ue();
  },
  track([vps = [], sps = [], pps = []]) {
    const config = readHevcConfig(hevcConfigOf(vps, sps, pps));
    return { id: VIDEO_TRACK_ID, kind: "video", codec: "hevc", config };
  },
};

export function createParameterSets(codec: "avc" | "hevc"): ParameterSets {
  const { types, typeOf, idOf, track } = codec === "avc" ? AVC : HEVC;
  const sets = new Map<string, { readonly type: number; readonly nal: Uint8Array }>();
  let known: VideoTrack | undefined;
  let changed = false;
  return {
    isSet: (firstByte) => types.includes(typeOf(firstByte)),
    add(nal) {
      if (nal.length > MAX_SET_BYTES) throw new MediaError("limit", `a parameter set of ${nal.length} bytes`);
      const type = typeOf(nal[0] ?? 0);
      const key = `${type} ${idOf(type, nal.subarray(0, HEAD_BYTES))}`;
      const before = sets.get(key);
      if (before !== undefined && equalBytes(before.nal, nal)) return;
      if (before === undefined && sets.size === MAX_SETS) {
        throw new MediaError("limit", `more than ${MAX_SETS} parameter sets`);
      }
      sets.set(key, { type, nal: nal.slice() });
      changed = true;
    },
    track() {
      if (!changed) return known;
      const all = [...sets.values()];
      const lists = types.map((wanted) => all.filter(({ type }) => type === wanted).map(({ nal }) => nal));
      if (lists.some((list) => list.length === 0)) return known;
      known = track(lists);
      changed = false;
      return known;
    },
  };
}

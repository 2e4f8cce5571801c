/** What Enhanced RTMP adds to `connect` and its answer (E-RTMP v2, "Enhancing NetConnection connect Command"). */
import type { AmfObject, AmfValue } from "../../format/amf/value.js";
import { isAmfObject } from "../../format/amf/value.js";

/** The bit of a FourCC's value that says it is passed on; 1 would say that it is decoded, 2 that it is encoded. */
const CAN_FORWARD = 4;

/** The bit of `capsEx` for ModEx; the others are 1 reconnect, 2 multitrack, 8 nanosecond timestamp offsets. */
const CAPS_MOD_EX = 4;

/** What one end can do; `*` stands for any FourCC. */
export interface RtmpCapabilities {
  readonly fourCcList: readonly string[];
  readonly videoFourCcInfoMap: Readonly<Record<string, number>>;
  readonly audioFourCcInfoMap: Readonly<Record<string, number>>;
  readonly capsEx: number;
}

/** What we carry from publishers to viewers. Of several tracks only the first is, so multitrack is not offered. */
export const OUR_CAPABILITIES: RtmpCapabilities = {
  fourCcList: ["avc1", "hvc1", "av01", "vp09", "mp4a", "Opus", ".mp3"],
  videoFourCcInfoMap: { avc1: CAN_FORWARD, hvc1: CAN_FORWARD, av01: CAN_FORWARD, vp09: CAN_FORWARD },
  audioFourCcInfoMap: { mp4a: CAN_FORWARD, Opus: CAN_FORWARD, ".mp3": CAN_FORWARD },
  capsEx: CAPS_MOD_EX,
};

const MAX_FOURCCS = 64;

/** What the command object of `connect` says; undefined when the client knows nothing of Enhanced RTMP. */
export function readCapabilities(object: AmfObject): RtmpCapabilities | undefined {
  const { fourCcList, videoFourCcInfoMap, audioFourCcInfoMap, capsEx } = object;
  const all = [fourCcList, videoFourCcInfoMap, audioFourCcInfoMap, capsEx];
  if (all.every((value) => value === undefined || value === null)) return undefined;
  return {
    fourCcList: fourCcs(fourCcList),
    videoFourCcInfoMap: infoMap(videoFourCcInfoMap),
    audioFourCcInfoMap: infoMap(audioFourCcInfoMap),
    capsEx: typeof capsEx === "number" ? capsEx >>> 0 : 0,
  };
}

/** The properties that state our capabilities, in `connect` or its answer. */
export function capabilityProperties(capabilities: RtmpCapabilities): AmfObject {
  return { ...capabilities };
}

/** A strict array of strings; some send an ECMA array, which arrives as an object. */
function fourCcs(value: AmfValue): string[] {
  const list: readonly AmfValue[] = Array.isArray(value)
    ? value
    : isAmfObject(value)
      ? Object.values(value)
      : [];
  return list.filter((item) => typeof item === "string").slice(0, MAX_FOURCCS);
}

function infoMap(value: AmfValue): Record<string, number> {
  const map: Record<string, number> = Object.create(null);
  if (!isAmfObject(value)) return map;
  for (const name of Object.keys(value).slice(0, MAX_FOURCCS)) {
    const mask = value[name];
    if (typeof mask === "number") map[name] = mask >>> 0;
  }
  return map;
}

import { equalBytes } from "../../bytes/bytes.js";
import { ByteWriter } from "../../bytes/writer.js";
import { av1ConfigOf, isAv1Key, OBU_SEQUENCE_HEADER, readAv1Config, splitObus } from "../../codec/av1.js";
import {
  HEVC_NAL_PPS,
  HEVC_NAL_SPS,
  HEVC_NAL_VPS,
  hevcConfigOf,
  isHevcKey,
  readHevcConfig,
} from "../../codec/hevc.js";
import { splitAnnexB } from "../../codec/nal.js";
import { isVp9Key, parseVp9Header, readVp9Config, splitVp9, vp9ConfigOf } from "../../codec/vp9.js";
import { MediaError } from "../../model/error.js";
import { VIDEO_TRACK_ID, type VideoConfig, type VideoTrack } from "../../model/track.js";
import type { StreamHeader } from "./header.js";

/** A frame as our packets have it. */
export interface Picture {
  readonly track: VideoTrack;
  /** Whether the track is another than that of the picture before. */
  readonly changed: boolean;
  readonly key: boolean;
  readonly data: Uint8Array;
}

export interface PictureReader {
  /**
   * @param frame as an encoder gives it out; it is kept
   * @returns undefined for what comes before the first key frame
   * @throws MediaError
   */
  read(frame: Uint8Array): Picture | undefined;
}

/** One frame, and the configuration in which it begins anew; that of the one before where it says nothing of it. */
interface Read {
  readonly config: VideoConfig | undefined;
  readonly key: boolean;
  readonly data: Uint8Array;
}

/** OBUs that have no place in a sample, AV1-ISOBMFF section 2.4: temporal delimiter, tile list, padding. */
const LEFT_OUT_OBUS: readonly number[] = [2, 8, 15];
const NAL_LENGTH_SIZE = 4;

/** @throws MediaError `unsupported` for a codec that is not read here */
export function createPictureReader(stream: StreamHeader): PictureReader {
  const [codec, readOne] = readerOf(stream);
  let track: VideoTrack | undefined;
  return {
    read(frame) {
      const { config, key, data } = readOne(frame);
      const before = track;
      if (config !== undefined && !sameRecord(track?.config, config))
        track = { id: VIDEO_TRACK_ID, kind: "video", codec, config };
      if (track === undefined || (before === undefined && !key)) {
        track = undefined;
        return undefined;
      }
      return { track, changed: track !== before, key, data };
    },
  };
}

function readerOf(stream: StreamHeader): readonly [VideoTrack["codec"], (frame: Uint8Array) => Read] {
  switch (stream.fourCc) {
    case "HEVC":
      return ["hevc", hevcReader(stream.extradata)];
    case "VP90":
      return ["vp9", readVp9];
    case "AV01":
      return ["av1", readAv1];
    default:
      throw new MediaError("unsupported", "nut: neither H.265 nor VP9 nor AV1");
  }
}

function sameRecord(a: VideoConfig | undefined, b: VideoConfig): boolean {
  if (a?.description === undefined || b.description === undefined) return false;
  return (
    a.codedWidth === b.codedWidth &&
    a.codedHeight === b.codedHeight &&
    equalBytes(a.description, b.description)
  );
}

/** Byte stream format (H.265 annex B) to length-prefixed units, the parameter sets put aside. */
function hevcReader(extradata: Uint8Array): (frame: Uint8Array) => Read {
  let sets = takeSets(splitAnnexB(extradata));
  let config: VideoConfig | undefined;
  return (frame) => {
    const nals = splitAnnexB(frame);
    const own = takeSets(nals);
    if (own.some((list) => list.length > 0)) {
      sets = sets.map((list, i) => (own[i]?.length === 0 ? list : (own[i] ?? list)));
      config = undefined;
    }
    const out = new ByteWriter(frame.length + NAL_LENGTH_SIZE * nals.length);
    for (const nal of nals) {
      if (SETS.includes(hevcType(nal))) continue;
      out.u32(nal.length);
      out.write(nal);
    }
    const data = out.finish();
    const key = isHevcKey(data, NAL_LENGTH_SIZE);
    if (key && config === undefined) {
      const [vps = [], sps = [], pps = []] = sets;
      config = readHevcConfig(hevcConfigOf(vps, sps, pps));
    }
    return { config, key, data };
  };
}

const SETS: readonly number[] = [HEVC_NAL_VPS, HEVC_NAL_SPS, HEVC_NAL_PPS];

function takeSets(nals: readonly Uint8Array[]): readonly (readonly Uint8Array[])[] {
  return SETS.map((type) => nals.filter((nal) => hevcType(nal) === type).map((nal) => nal.slice()));
}

function hevcType(nal: Uint8Array): number {
  return ((nal[0] ?? 0) >> 1) & 0x3f;
}

function readVp9(frame: Uint8Array): Read {
  const key = isVp9Key(frame);
  const first = splitVp9(frame)[0];
  if (!key || first === undefined) return { config: undefined, key, data: frame };
  const header = parseVp9Header(first);
  const { width = 0, height = 0 } = header;
  const config = { ...readVp9Config(vp9ConfigOf(header)), codedWidth: width, codedHeight: height };
  return { config, key, data: frame };
}

function readAv1(frame: Uint8Array): Read {
  const obus = splitObus(frame).filter(({ type }) => !LEFT_OUT_OBUS.includes(type));
  const out = new ByteWriter(frame.length);
  for (const { bytes } of obus) out.write(bytes);
  const data = out.finish();
  const key = isAv1Key(data);
  const sequence = obus.find(({ type }) => type === OBU_SEQUENCE_HEADER);
  const config = key && sequence !== undefined ? readAv1Config(av1ConfigOf(sequence.bytes)) : undefined;
  return { config, key, data };
}

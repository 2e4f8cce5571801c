import type { ByteReader } from "../../bytes/reader.js";
import { MediaError } from "../../model/error.js";
import {
  EX_MOD_EX,
  FRAME_COMMAND,
  MOD_EX_TIMESTAMP_OFFSET_NANO,
  MULTITRACK_MANY_TRACKS,
  MULTITRACK_MANY_TRACKS_MANY_CODECS,
  MULTITRACK_ONE_TRACK,
} from "./constants.js";

/** One track's share of an enhanced body. */
export interface ExPart {
  /** 0 where the body is not multitrack: Enhanced RTMP v2 gives the default track that id. */
  readonly trackId: number;
  readonly fourCc: number;
  /** A view of the body. */
  readonly payload: Uint8Array;
}

export interface ExBody {
  /** What all parts are, ModEx and Multitrack unwrapped. */
  readonly packetType: number;
  /** To be added to the presentation time: nanoseconds, 0 to 999,999. */
  readonly offsetNano: number;
  readonly parts: readonly ExPart[];
}

/** Whether video or audio is read: the layout is one, the numbers differ. */
export interface ExKind {
  readonly multitrack: number;
  /** The packet type whose frame type is to be ignored; audio has neither. */
  readonly metadata?: number;
}

/** Nobody nests more than one or two. */
const MAX_MOD_EX = 16;
/** Track ids are one byte. */
const MAX_PARTS = 256;

/**
 * Reads what follows the first byte of an ExVideoTagHeader or ExAudioTagHeader (Enhanced RTMP v2, "Extended
 * VideoTagHeader" and "Extended AudioTagHeader").
 *
 * @param packetType the low nibble of the first byte
 * @param frameType its frame type, for video
 */
export function readExBody(reader: ByteReader, kind: ExKind, packetType: number, frameType?: number): ExBody {
  let type = packetType;
  let offsetNano = 0;
  for (let count = 0; type === EX_MOD_EX; count++) {
    if (count === MAX_MOD_EX) throw new MediaError("limit", `more than ${MAX_MOD_EX} ModEx in one tag`);
    let size = reader.u8() + 1;
    if (size === 256) size = reader.u16() + 1;
    const data = reader.view(size);
    const types = reader.u8();
    type = types & 0x0f;
    if (types >> 4 === MOD_EX_TIMESTAMP_OFFSET_NANO) offsetNano = timestampOffset(data);
  }
  if (frameType === FRAME_COMMAND && type !== kind.metadata)
    return { packetType: type, offsetNano, parts: [] };
  if (type !== kind.multitrack) {
    const fourCc = reader.u32();
    return { packetType: type, offsetNano, parts: [{ trackId: 0, fourCc, payload: reader.rest() }] };
  }
  const types = reader.u8();
  type = types & 0x0f;
  if (type === kind.multitrack || type === EX_MOD_EX) {
    throw new MediaError("malformed", `packet type ${type} inside Multitrack`);
  }
  return { packetType: type, offsetNano, parts: readParts(reader, types >> 4) };
}

function readParts(reader: ByteReader, multitrackType: number): ExPart[] {
  const manyCodecs = multitrackType === MULTITRACK_MANY_TRACKS_MANY_CODECS;
  const oneTrack = multitrackType === MULTITRACK_ONE_TRACK;
  if (!manyCodecs && !oneTrack && multitrackType !== MULTITRACK_MANY_TRACKS) {
    throw new MediaError("unsupported", `AvMultitrackType ${multitrackType}`);
  }
  const sharedFourCc = manyCodecs ? 0 : reader.u32();
  if (oneTrack) return [{ fourCc: sharedFourCc, trackId: reader.u8(), payload: reader.rest() }];
  const parts: ExPart[] = [];
  while (reader.remaining > 0) {
    if (parts.length === MAX_PARTS) throw new MediaError("limit", `more than ${MAX_PARTS} tracks in one tag`);
    const fourCc = manyCodecs ? reader.u32() : sharedFourCc;
    const trackId = reader.u8();
    parts.push({ fourCc, trackId, payload: reader.view(reader.u24()) });
  }
  return parts;
}

/** UI24 at the front of at least three bytes; a whole millisecond or more would belong to the timestamp. */
function timestampOffset(data: Uint8Array): number {
  const [high, middle, low] = data;
  if (high === undefined || middle === undefined || low === undefined) {
    throw new MediaError("malformed", `TimestampOffsetNano of ${data.length} bytes, needs 3`);
  }
  return Math.min(999_999, high * 0x1_0000 + middle * 0x100 + low);
}

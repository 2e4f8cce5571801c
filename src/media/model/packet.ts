import type { Track } from "./track.js";

/** One access unit (video) or frame (audio), in decode order. Its bytes belong to it and are never written again. */
export interface Packet {
  /** The immutable track it was encoded with, configuration included. */
  readonly track: Track;
  /** Decode time in integer microseconds: on the source's own clock from a demuxer, on the stream's timeline in the hub. */
  readonly dts: number;
  /** Presentation time in integer microseconds on the same clock; `pts - dts` may be negative. */
  readonly pts: number;
  /** Microseconds; known for audio, absent where only the next packet would tell. */
  readonly duration?: number;
  /** Decodable without earlier packets of its track. */
  readonly key: boolean;
  /** H.26x: length-prefixed NAL units, length size as in the config. AAC: a raw frame. AV1: a temporal unit. */
  readonly data: Uint8Array;
  /** When its last byte came in: microseconds since the Unix epoch. */
  readonly receivedAt: number;
}

/** What a publisher says about its stream (`onMetaData`), names as the publisher wrote them. */
export type Metadata = Readonly<Record<string, MetadataValue>>;
/** What metadata can hold: what JSON can. */
export type MetadataValue =
  | string
  | number
  | boolean
  | null
  | readonly MetadataValue[]
  | { readonly [name: string]: MetadataValue };

/** Whether both stand for the same decoder configuration, so that no reader need be told. */
export function sameConfig(a: Track, b: Track): boolean {
  if (a === b) return true;
  if (a.id !== b.id || a.kind !== b.kind || a.codec !== b.codec || a.config.codec !== b.config.codec)
    return false;
  if (a.kind === "audio" && b.kind === "audio") {
    if (a.config.sampleRate !== b.config.sampleRate) return false;
    if (a.config.numberOfChannels !== b.config.numberOfChannels) return false;
  }
  if (a.kind === "video" && b.kind === "video") {
    if (a.config.codedWidth !== b.config.codedWidth || a.config.codedHeight !== b.config.codedHeight)
      return false;
  }
  const left = a.kind === "data" ? undefined : a.config.description;
  const right = b.kind === "data" ? undefined : b.config.description;
  if (left === undefined || right === undefined) return left === right;
  return left.length === right.length && left.every((byte, i) => byte === right[i]);
}

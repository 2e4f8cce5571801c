import type { Stream } from "../hub/stream.js";
import type { Metadata } from "../media/model/packet.js";
import type { Track } from "../media/model/track.js";
import { parseStreamKey } from "./net/stream-name.js";

/** What is known of one stream, as a value that does not change. */
export interface StreamInfo {
  /** `live/room`: app and name. */
  readonly key: string;
  readonly app: string;
  readonly name: string;
  /** Whether viewers can join now: false while it waits for its publisher to come back, or for the first tracks. */
  readonly live: boolean;
  /** Video first; empty before they are known. */
  readonly tracks: readonly Track[];
  /** The same as RFC 6381 codec strings, such as `avc1.64001f`. */
  readonly codecs: readonly string[];
  /** What the publisher says about it. */
  readonly metadata: Metadata;
  /** When it came to be: microseconds since the Unix epoch. */
  readonly since: number;
  /** How many watch it, in whatever protocol. */
  readonly viewers: number;
  /** Packets and payload bytes that the publishers have sent. */
  readonly packets: number;
  readonly bytes: number;
  /** From one key frame of the picture to the next, the last time, milliseconds; undefined where it is not known. */
  readonly gopMs?: number | undefined;
}

export function streamInfo(stream: Stream): StreamInfo {
  const { app, name } = parseStreamKey(stream.name) ?? { app: "", name: stream.name };
  return {
    key: stream.name,
    app,
    name,
    live: stream.live,
    tracks: stream.tracks,
    codecs: stream.tracks.map(({ config }) => config.codec),
    metadata: stream.metadata,
    since: stream.since,
    viewers: stream.viewers,
    ...stream.taken,
    gopMs: stream.groupMicros === undefined ? undefined : Math.round(stream.groupMicros / 1000),
  };
}

import type { AdminStream } from "./admin-api.js";
import type { Figure } from "./history.js";
import { type Counted, counted } from "./rate.js";

/** A stream with what can be told from one poll to the next. */
export interface StreamFigures {
  readonly key: string;
  readonly stream: AdminStream;
  readonly taken: Counted;
  /** Bits per second taken from its publisher; null until two polls have told. */
  readonly bitrate: Figure;
  readonly gopMs: Figure;
}

export const STREAM_FIELDS = ["bitrate", "gopMs", "viewers"] as const;
export type StreamField = (typeof STREAM_FIELDS)[number];

/** So many are followed; beyond, those with the most viewers. */
export const MAX_STREAMS = 500;

/** @param time when the list came, seconds */
export function measureStreams(
  before: ReadonlyMap<string, StreamFigures>,
  streams: readonly AdminStream[],
  time: number,
): ReadonlyMap<string, StreamFigures> {
  const followed =
    streams.length > MAX_STREAMS
      ? [...streams].sort((a, b) => b.viewers - a.viewers).slice(0, MAX_STREAMS)
      : streams;
  return new Map(
    followed.map((stream) => {
      const key = `${stream.app}/${stream.name}`;
      const known = before.get(key);
      // The same name again, after its end: another stream.
      const same = known?.stream.since === stream.since ? known : undefined;
      const taken = counted(same?.taken, time, stream.bytes);
      const bitrate = taken.perSecond === undefined ? null : taken.perSecond * 8;
      return [key, { key, stream, taken, bitrate, gopMs: stream.gopMs ?? null }];
    }),
  );
}

/** What goes into the charts. */
export function streamSamples(
  figures: ReadonlyMap<string, StreamFigures>,
): ReadonlyMap<string, Record<StreamField, Figure>> {
  return new Map(
    [...figures].map(([key, { bitrate, gopMs, stream }]) => [
      key,
      { bitrate, gopMs, viewers: stream.viewers },
    ]),
  );
}

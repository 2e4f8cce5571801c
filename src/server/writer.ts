import type { Scheduler } from "../hub/scheduler.js";
import { type WorkProbe, worked } from "../hub/work.js";
import type { Metadata } from "../media/model/packet.js";
import type { Track } from "../media/model/track.js";
import type { PublisherCalls } from "./cluster/deferred-publisher.js";

/** One access unit or audio frame, as code that publishes has it. Times in integer microseconds, on any clock of its own. */
export interface PacketInit {
  /** Id of one of the tracks. */
  readonly track: number;
  /** Decode time; never falls within a track. */
  readonly dts: number;
  /** Presentation time; `dts` by default. */
  readonly pts?: number;
  /** How long it lasts, where known. */
  readonly duration?: number;
  /** Decodable without earlier packets; by default true for audio and false for video. */
  readonly key?: boolean;
  /** As in Packet: length-prefixed NAL units, a raw AAC frame, a temporal unit. Copied. */
  readonly data: Uint8Array;
  /** When it was captured or came in, microseconds since the Unix epoch; now by default. */
  readonly receivedAt?: number;
}

/** Publishes one stream from code. */
export interface StreamWriter {
  /**
   * Adds a packet; it goes out at the end of this turn of the event loop. Does nothing once the stream has ended.
   *
   * @throws TypeError that names the wrong field
   */
  write(packet: PacketInit): void;
  /** A changed configuration of one of the tracks, in force from its next packet on; or a track that comes late. */
  track(track: Track): void;
  /** Says something about the stream, as `onMetaData` does; replaces what was said before. */
  describe(metadata: Metadata): void;
  /** Ends the publication; viewers are kept for `keepViewersMs`, for the next one. Idempotent. */
  end(): void;
  /** Fires when the stream has ended; its reason is `unpublished`, `taken-over`, `kicked` or `shutdown`; with `workers` also `busy`. */
  readonly signal: AbortSignal;
}

/**
 * @param ended fires with the publisher's end
 * @param name the stream's, for a profile
 */
export function createStreamWriter(
  publisher: PublisherCalls,
  tracks: readonly Track[],
  scheduler: Scheduler,
  ended: AbortSignal,
  name: string,
  probe: WorkProbe,
): StreamWriter {
  const work = { stage: "ingest", protocol: "code", stream: name };
  const known = new Map<number, Track>();
  function track(given: Track): void {
    known.set(given.id, given);
    publisher.track(given);
  }
  const kinds = new Set(tracks.map(({ kind }) => kind));
  // All tracks are known from the start: viewers need not wait for another.
  publisher.describe({}, { video: kinds.has("video"), audio: kinds.has("audio") });
  for (const given of tracks) track(given);

  return {
    write(packet) {
      const of = known.get(packet.track);
      if (of === undefined) throw new TypeError(`packet.track: there is no track ${packet.track}`);
      const { dts, pts = dts, duration, key = of.kind !== "video", receivedAt = scheduler.wall() } = packet;
      requireTime("packet.dts", dts);
      requireTime("packet.pts", pts);
      if (duration !== undefined) requireTime("packet.duration", duration);
      if (typeof key !== "boolean") throw new TypeError("packet.key: must be a boolean");
      if (!(packet.data instanceof Uint8Array)) throw new TypeError("packet.data: must be a Uint8Array");
      const data = new Uint8Array(packet.data);
      const whole = {
        track: of,
        dts,
        pts,
        ...(duration === undefined ? {} : { duration }),
        key,
        data,
        receivedAt,
      };
      worked(probe, work, () => publisher.write(whole));
    },
    track(given) {
      requireTracks("track", [given]);
      track(given);
    },
    describe: (metadata) => publisher.describe(metadata),
    end: () => publisher.end("unpublished"),
    signal: ended,
  };
}

/** @throws TypeError that names what is wrong */
export function requireTracks(argument: string, tracks: unknown): asserts tracks is readonly Track[] {
  if (!Array.isArray(tracks) || tracks.length === 0) {
    throw new TypeError(`${argument}: must be a list with at least one track`);
  }
  const ids = new Set<unknown>();
  for (const track of tracks as readonly Partial<Track>[]) {
    if (typeof track !== "object" || track === null || !Number.isSafeInteger(track.id)) {
      throw new TypeError(`${argument}: each track needs a whole number as its id`);
    }
    if (track.kind !== "video" && track.kind !== "audio" && track.kind !== "data") {
      throw new TypeError(`${argument}: the kind of track ${track.id} must be video, audio or data`);
    }
    if (typeof track.codec !== "string" || typeof track.config?.codec !== "string") {
      throw new TypeError(`${argument}: track ${track.id} needs codec and config`);
    }
    if (ids.has(track.id)) throw new TypeError(`${argument}: two tracks have the id ${track.id}`);
    ids.add(track.id);
  }
}

function requireTime(argument: string, value: unknown): void {
  if (!Number.isSafeInteger(value)) {
    throw new TypeError(`${argument}: must be a whole number of microseconds, not ${String(value)}`);
  }
}

import type { Publisher } from "../../../hub/publisher.js";
import { Refused } from "../../../hub/refused.js";
import { EX_MOD_EX, EX_VIDEO_MULTITRACK, TAG_VIDEO } from "../../../media/format/flv/constants.js";
import { createTagDecoder, type TagDecoder } from "../../../media/format/flv/tag-decoder.js";
import type { Packet } from "../../../media/model/packet.js";
import type { Track } from "../../../media/model/track.js";
import type { Ladder } from "../../contract/ladder.js";
import type { ProtocolContext } from "../../contract/protocol.js";
import type { Session } from "../../contract/session.js";
import { streamKey } from "../../net/stream-name.js";

export interface TrackRenditionsInit {
  readonly context: ProtocolContext;
  readonly session: Session;
  /** At least one. */
  readonly tracks: Ladder["tracks"];
}

/**
 * The further pictures of one publication (Enhanced RTMP v2, Multitrack) as streams of their own beside it, each with the
 * sound of the whole.
 */
export interface TrackRenditions {
  /** A message of the publication, of whatever type. */
  media(type: number, timestamp: number, body: Uint8Array, receivedAt: number): void;
  /** What the publication's own decoder has found. */
  track(track: Track): void;
  packet(packet: Packet): void;
  end(reason: string): void;
}

/** Packets that wait until a rendition's name is granted: at most so much of them, bytes. */
const MAX_HELD_BYTES = 4 * 1024 * 1024;
/** A first byte of a video body with an ExVideoTagHeader. */
const EX_HEADER = 0x80;

export function createTrackRenditions({ context, session, tracks }: TrackRenditionsInit): TrackRenditions {
  const { log } = context;
  const renditions = tracks.map(({ track, name }) => createRendition(track, name));
  let sound: Track | undefined;
  let over: string | undefined;

  function createRendition(videoTrack: number, rendition: string) {
    let asked = false;
    let publisher: Publisher | undefined;
    let picture: Track | undefined;
    let held: Packet[] = [];
    let heldBytes = 0;
    const decoder: TagDecoder = createTagDecoder(
      {
        track(track) {
          picture = track;
          if (asked) publisher?.track(track);
          else
            void take().catch((error: unknown) =>
              log.error({ ...session.logFields, err: error }, "publish failed"),
            );
        },
        packet(packet) {
          session.counters.packetsIn += 1;
          write(packet);
        },
        dropped() {
          session.counters.undecodable += 1;
        },
      },
      { videoTrack },
    );

    function write(packet: Packet): void {
      if (publisher !== undefined) {
        publisher.write(packet);
      } else if (asked && heldBytes < MAX_HELD_BYTES) {
        held.push(packet);
        heldBytes += packet.data.length;
      }
    }

    /** Takes its name with the first picture. */
    async function take(): Promise<void> {
      asked = true;
      const { app, name } = session;
      if (app === undefined || name === undefined) return;
      const stream = streamKey({ app, name: `${name}_${rendition}` });
      try {
        const granted = await context.publish(stream, { origin: session.trace.traceparent });
        granted.describe({}, { video: true, audio: sound !== undefined });
        if (picture !== undefined) granted.track(picture);
        if (sound !== undefined) granted.track(sound);
        publisher = granted;
        for (const packet of held) granted.write(packet);
        if (over !== undefined) granted.end(over);
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        log.warn(
          { ...session.logFields, rendition: stream, problem: error.message },
          "a track of a publication was refused",
        );
      } finally {
        // Refused, it holds no more either.
        heldBytes = MAX_HELD_BYTES;
        held = [];
      }
    }

    return {
      decoder,
      write,
      get publisher() {
        return publisher;
      },
    };
  }

  return {
    media(type, timestamp, body, receivedAt) {
      if (type !== TAG_VIDEO || !mayBeMultitrack(body[0])) return;
      for (const { decoder } of renditions) decoder.decode(type, timestamp, body, receivedAt);
    },
    track(track) {
      if (track.kind !== "audio") return;
      sound = track;
      for (const { publisher } of renditions) publisher?.track(track);
    },
    packet(packet) {
      if (packet.track.kind === "video") return;
      for (const { write } of renditions) write(packet);
    },
    end(reason) {
      over = reason;
      for (const { publisher } of renditions) publisher?.end(reason);
    },
  };
}

/** Multitrack, or a ModEx that may be around it. */
function mayBeMultitrack(first: number | undefined): boolean {
  if (first === undefined || (first & EX_HEADER) === 0) return false;
  const type = first & 0x0f;
  return type === EX_VIDEO_MULTITRACK || type === EX_MOD_EX;
}

import { ByteWriter } from "../../media/bytes/writer.js";
import { decodeAmf0 } from "../../media/format/amf/amf0.js";
import { createFlvDemuxer } from "../../media/format/flv/demuxer.js";
import { TRACKS_SCRIPT } from "../../media/format/flv/muxer.js";
import { fmp4Format } from "../../media/format/mp4/muxer.js";
import type { Demuxer, Muxer } from "../../media/model/container.js";
import type { Metadata, Packet } from "../../media/model/packet.js";
import type { Track } from "../../media/model/track.js";
import type { Segment } from "../buffer/track-buffer.js";

/** Without the other kind for this long after the first packet there is none, microseconds of media. */
const GATHER_MICROS = 500_000;
/**
 * A step back of more than this, or one that much further forward than time has passed, is a clock that was set anew: what
 * follows goes on after what there is, one frame later. Microseconds.
 */
const JUMP_MICROS = 1_000_000;
const FRAME_MICROS = 40_000;
/** So many packets are held while the tracks are gathered. */
const GATHER_PACKETS = 256;

/** What a Remuxer finds and makes, in order. */
export interface RemuxEvents {
  /** The track set is known. Returns the time on the element's clock, in seconds, where its first packet goes. */
  start(tracks: readonly Track[]): number;
  /** A track's configuration has changed; the segments that follow have the new one. */
  change(track: Track): void;
  segment(kind: Track["kind"], segment: Segment): void;
  /** A video key frame is shown at this time on the element's clock, seconds: what lies before it can be freed. */
  key(at: number): void;
  /** A packet that is shown at this time on the element's clock, milliseconds, came at that one, microseconds. */
  arrived(at: number, receivedAt: number, kind: Track["kind"]): void;
  /** The stream has a track now that was not announced: connect again to get it. Told more than once. */
  lateTrack(): void;
}

/** FLV in, fragmented MP4 for one SourceBuffer per track out. */
export class Remuxer {
  readonly #events: RemuxEvents;
  readonly #demuxer: Demuxer;
  readonly #muxers = new Map<number, Muxer>();
  readonly #tracks = new Map<number, Track>();
  readonly #out = new ByteWriter(64 * 1024);
  #expected: { readonly video: boolean; readonly audio: boolean } | undefined;
  /** The server said that there are tracks that it did not announce. */
  #late = false;
  /** Microseconds on the packets' clock that are 0 on the element's. */
  #zero = 0;
  /** Taken off the times of packets since the clock was last set. */
  #shift = 0;
  #last: Packet | undefined;
  /** Packets before the track set is known; undefined after. */
  #held: Packet[] | undefined = [];
  /** Waits for a key frame, at the start and after a loss. */
  #seeking = true;

  constructor(events: RemuxEvents) {
    this.#events = events;
    this.#demuxer = createFlvDemuxer({
      track: (track) => this.#addTrack(track),
      packet: (packet) => this.#addPacket(packet),
      metadata: (metadata) => this.#describe(metadata),
    });
  }

  /** Takes bytes as they come and hands on what is complete. @throws MediaError, and what the events throw */
  push(bytes: Uint8Array, receivedAt: number): void {
    this.#demuxer.push(bytes, receivedAt);
    for (const [id, muxer] of this.#muxers) {
      muxer.flush(this.#out);
      this.#emit(id, false);
    }
  }

  /** Leaves out what cannot be shown after a loss: all up to the next key frame. */
  resync(): void {
    this.#seeking = true;
  }

  #describe(metadata: Metadata): void {
    const { hasVideo, hasAudio } = metadata;
    if (typeof hasVideo !== "boolean" || typeof hasAudio !== "boolean" || !(hasVideo || hasAudio)) return;
    this.#expected = { video: hasVideo, audio: hasAudio };
  }

  #addTrack(track: Track): void {
    if (track.kind === "data") return;
    const muxer = this.#muxers.get(track.id);
    if (muxer !== undefined) {
      muxer.flush(this.#out);
      this.#emit(track.id, false);
      this.#events.change(track);
      muxer.config(track, 0, this.#out);
      this.#emit(track.id, true);
    }
    this.#tracks.set(track.id, track);
  }

  #addPacket(packet: Packet): void {
    if (packet.track.kind === "data") {
      this.#script(packet.data);
      return;
    }
    if (this.#held === undefined) {
      this.#write(packet);
      return;
    }
    this.#held.push(packet);
    if (this.#gathered(packet)) this.#start(this.#held);
  }

  #gathered(packet: Packet): boolean {
    // A track that is announced and has nothing to play, a microphone that was pulled out, would hold up all of it.
    const kinds = new Set(this.#held?.map(({ track }) => track.kind));
    const { video, audio } = this.#expected ?? { video: true, audio: true };
    if ((!video || kinds.has("video")) && (!audio || kinds.has("audio"))) return true;
    const first = this.#held?.[0] ?? packet;
    return packet.dts - first.dts > GATHER_MICROS || (this.#held?.length ?? 0) >= GATHER_PACKETS;
  }

  #start(held: readonly Packet[]): void {
    this.#held = undefined;
    for (const id of this.#tracks.keys()) {
      if (held.every(({ track }) => track.id !== id)) this.#tracks.delete(id);
    }
    const tracks = [...this.#tracks.values()].sort((a, b) => a.id - b.id);
    const first = held.reduce((lowest, { dts }) => Math.min(lowest, dts), Number.POSITIVE_INFINITY);
    this.#zero = first - Math.round(1_000_000 * this.#events.start(tracks));
    for (const track of tracks) {
      const muxer = fmp4Format().createMuxer({ tracks: [track], metadata: {}, zero: this.#zero });
      this.#muxers.set(track.id, muxer);
      this.#events.segment(track.kind, { bytes: muxer.start([track], first), init: true });
    }
    for (const packet of held) this.#write(packet);
    if (this.#late) this.#events.lateTrack();
  }

  #write(given: Packet): void {
    const { dts, receivedAt } = this.#last ?? given;
    const step = given.dts - dts;
    if (step < -JUMP_MICROS || step > given.receivedAt - receivedAt + JUMP_MICROS) {
      this.#shift += step - FRAME_MICROS;
    }
    this.#last = given;
    const packet =
      this.#shift === 0 ? given : { ...given, dts: given.dts - this.#shift, pts: given.pts - this.#shift };
    const { track } = packet;
    const muxer = this.#muxers.get(track.id);
    if (muxer === undefined) {
      // A server that does not announce its tracks: this one came after we had settled for fewer.
      this.#events.lateTrack();
      return;
    }
    const key = track.kind === "video" && packet.key;
    if (this.#seeking) {
      if (!key && [...this.#tracks.values()].some(({ kind }) => kind === "video")) return;
      this.#seeking = false;
    }
    if (key) this.#events.key((packet.pts - this.#zero) / 1_000_000);
    this.#events.arrived((packet.pts - this.#zero) / 1000, packet.receivedAt, track.kind);
    muxer.write(packet, this.#out);
    // Only where this packet could not stand in one fragment with those before it.
    this.#emit(track.id, false);
  }

  #emit(id: number, init: boolean): void {
    const kind = this.#tracks.get(id)?.kind;
    if (this.#out.length > 0 && kind !== undefined) {
      this.#events.segment(kind, { bytes: this.#out.finish(), init });
    }
  }

  #script(body: Uint8Array): void {
    const [name, value] = decodeAmf0(body);
    if (name !== TRACKS_SCRIPT || typeof value !== "object" || value === null) return;
    const { hasVideo, hasAudio } = value as { hasVideo?: unknown; hasAudio?: unknown };
    const kinds = new Set([...this.#tracks.values()].map(({ kind }) => kind));
    if ((hasVideo !== true || kinds.has("video")) && (hasAudio !== true || kinds.has("audio"))) return;
    // While tracks are gathered it is too early to leave: the answer would be the same.
    this.#late = true;
    if (this.#held === undefined) this.#events.lateTrack();
  }
}

import { ByteWriter } from "../media/bytes/writer.js";
import type { ContainerFormat, Muxer } from "../media/model/container.js";
import { type Metadata, type Packet, sameConfig } from "../media/model/packet.js";
import type { Track } from "../media/model/track.js";
import { Batch } from "./batch.js";
import type { HubOptions } from "./options.js";
import type { HubReason } from "./reason.js";
import type { Subscriber } from "./subscriber.js";

/** What is cached for a new variant is cut into pieces of this size, so that a joining socket can be fed in steps. */
const FILL_BYTES = 64 * 1024;
/** A container's 32-bit millisecond timestamps are used up an hour before 2^31 ms (FLV's are signed in some players). */
const TIMELINE_END_MICROS = (2 ** 31 - 3_600_000) * 1000;
/** From this age on new readers get a variant with a new zero. */
export const TIMELINE_RENEW_MICROS: number = 2 ** 30 * 1000;

/** Which kinds of track a reader wants. */
export interface Selection {
  readonly video: boolean;
  readonly audio: boolean;
}

export interface PackagerInit {
  /** How to mux; undefined for readers of packets. */
  readonly format: ContainerFormat | undefined;
  readonly selection: Selection;
  /** The selected tracks with the configurations in force at the first packet that will be written. */
  readonly tracks: readonly Track[];
  readonly metadata: Metadata;
  /** Microseconds on the timeline that become timestamp 0. */
  readonly zero: number;
  readonly options: HubOptions;
  /** Called when something is to be cut: once, until `cut` is called. */
  readonly onDirty: (packager: Packager) => void;
}

/**
 * One variant of a stream: muxes each packet once, cuts the result into batches and hands every batch to every reader.
 * The batches that a reader may still need are kept in one ring, so a reader is no more than a cursor into it, and
 * what all slow readers together can hold in memory is bounded by the ring.
 */
export class Packager {
  /** Readers that have had every batch so far: the only ones a new batch costs anything for. */
  readonly #ready = new Set<Subscriber>();
  /** Readers that wait for their sink to drain. */
  readonly #behind = new Set<Subscriber>();
  /** Readers that wait for the next random access point. */
  readonly #seeking = new Set<Subscriber>();
  readonly #muxer: Muxer | undefined;
  readonly #init: PackagerInit;
  readonly #hasVideo: boolean;
  readonly #out = new ByteWriter(16 * 1024);
  #tracks: readonly Track[];
  #ring: Batch[] = [];
  #nextSeq = 0;
  /** Sequence number of the newest batch that begins with a random access point and is still in the ring. */
  #newestKey: number | undefined;
  #totalBytes = 0;
  #totalFrames = 0;
  #open: { first: Packet; key: boolean; packets: Packet[]; frames: number } | undefined;
  #dirty = false;
  #filling = false;
  #ended: HubReason | undefined;

  constructor(init: PackagerInit) {
    this.#init = init;
    this.#tracks = init.tracks;
    this.#hasVideo = init.tracks.some((track) => track.kind === "video");
    this.#muxer = init.format?.createMuxer({ tracks: init.tracks, metadata: init.metadata, zero: init.zero });
  }

  /** The selected tracks with the configurations now in force. */
  get tracks(): readonly Track[] {
    return this.#tracks;
  }

  get options(): HubOptions {
    return this.#init.options;
  }

  /** How many readers it has. */
  get readers(): number {
    return this.#ready.size + this.#behind.size + this.#seeking.size;
  }

  /** Why it takes no more packets; undefined while it does. */
  get ended(): HubReason | undefined {
    return this.#ended;
  }

  /** The newest batch, undefined before the first. */
  get head(): Batch | undefined {
    return this.#ring[this.#ring.length - 1];
  }

  /** Sequence number of the newest batch where a reader may start, undefined where none is kept. */
  get newestKey(): number | undefined {
    return this.#newestKey;
  }

  /** Sequence number of the next batch to be cut. */
  get nextSeq(): number {
    return this.#nextSeq;
  }

  /** The batch with this sequence number, undefined where it is not kept (any more, or yet). */
  at(seq: number): Batch | undefined {
    return this.#ring[seq - (this.#nextSeq - this.#ring.length)];
  }

  /** Muxes what a stream had cached, before anyone reads. */
  fill(packets: readonly Packet[]): void {
    this.#filling = true;
    for (const packet of packets) {
      this.write(packet);
      if (this.#out.length >= FILL_BYTES) this.cut();
    }
    this.cut();
    this.#filling = false;
  }

  write(packet: Packet): void {
    if (this.#ended !== undefined) return;
    const { track } = packet;
    if (track.kind !== "data") {
      const known = this.#tracks.find(({ id }) => id === track.id);
      if (known === undefined) return;
      if (known !== track && !this.#change(known, track, packet.dts)) return;
    }
    if (packet.dts - this.#init.zero > TIMELINE_END_MICROS) {
      this.end("timeline-end");
      return;
    }
    const key = this.#hasVideo ? track.kind === "video" && packet.key : track.kind === "audio";
    if (this.#open === undefined) this.#open = { first: packet, key, packets: [], frames: 0 };
    else if (key && this.#hasVideo) {
      this.cut();
      this.#open = { first: packet, key, packets: [], frames: 0 };
    }
    if (this.#muxer === undefined) this.#open.packets.push(packet);
    else this.#muxer.write(packet, this.#out);
    this.#open.frames += 1;
    this.#touch();
  }

  /**
   * A track that nobody was promised. Readers whose format takes one in get it in-band; the others keep their set (a
   * media element cannot take a new track in) and are told where the format has a word for it.
   */
  lateTrack(track: Track, at: number): void {
    const { format, selection } = this.#init;
    const wanted = (track.kind === "video" && selection.video) || (track.kind === "audio" && selection.audio);
    if (this.#ended !== undefined || !wanted) return;
    this.cut();
    if (format === undefined || (format.lateTracks && format.carries(track))) {
      this.#tracks = [...this.#tracks, track];
      this.#muxer?.config(track, at, this.#out);
    } else {
      this.#muxer?.lateTrack?.(track, at, this.#out);
    }
    this.#emit(at, undefined);
  }

  /** Cuts the open batch, if there is one, and hands it to all readers that wait for it. */
  cut(): void {
    this.#dirty = false;
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    this.#muxer?.flush(this.#out);
    this.#emit(open.first.dts, open);
  }

  join(reader: Subscriber): void {
    reader.begin(this.#newestKey);
  }

  /** What a reader needs before the batch `seq` if it knows the configurations `known`; undefined where nothing. */
  preamble(seq: number, known: readonly Track[] | undefined): Batch | undefined {
    const batch = this.at(seq);
    if (batch === undefined || batch.tracks === known) return undefined;
    let bytes: Uint8Array = new Uint8Array(0);
    if (this.#muxer !== undefined) {
      if (known === undefined) {
        bytes = this.#muxer.start(batch.tracks, batch.dts);
      } else {
        const out = new ByteWriter();
        for (const track of batch.tracks) {
          const had = known.find(({ id }) => id === track.id);
          if (had === undefined || !sameConfig(had, track)) this.#muxer.config(track, batch.dts, out);
        }
        bytes = out.finish();
      }
    }
    if (bytes.length === 0) return undefined;
    return new Batch({
      seq: -1,
      bytes,
      packets: [],
      key: false,
      tracks: batch.tracks,
      dts: batch.dts,
      receivedAt: batch.receivedAt,
      frames: 0,
      size: bytes.length,
      totalBytes: 0,
      totalFrames: 0,
    });
  }

  /** Moves a reader into the set that its state names. */
  file(reader: Subscriber, state: "ready" | "behind" | "seeking" | "gone"): void {
    this.#ready.delete(reader);
    this.#behind.delete(reader);
    this.#seeking.delete(reader);
    if (state === "ready") this.#ready.add(reader);
    else if (state === "behind") this.#behind.add(reader);
    else if (state === "seeking") this.#seeking.add(reader);
  }

  /** Closes readers that have taken nothing for too long. @param now the scheduler's clock, microseconds */
  sweep(now: number): void {
    for (const reader of this.#behind) reader.checkProgress(now);
  }

  /** Takes no more packets; every reader gets what is kept for it and then the reason. */
  end(reason: HubReason): void {
    if (this.#ended !== undefined) return;
    this.cut();
    this.#ended = reason;
    for (const set of [this.#ready, this.#behind, this.#seeking])
      for (const reader of [...set]) reader.finish(reason);
  }

  /** Puts a track's changed configuration in force. False where the format cannot, and all readers were ended. */
  #change(from: Track, to: Track, at: number): boolean {
    const replaced = this.#tracks.map((track) => (track === from ? to : track));
    if (sameConfig(from, to)) {
      // The same configuration in a new Track, from a publisher that came back: nothing to tell anyone.
      this.#tracks = replaced;
      return true;
    }
    const { format } = this.#init;
    if (format !== undefined && !(format.canChange(from, to) && format.carries(to))) {
      this.end("config-changed");
      return false;
    }
    this.cut();
    this.#tracks = replaced;
    this.#muxer?.config(to, at, this.#out);
    this.#emit(at, undefined);
    return true;
  }

  #emit(
    dts: number,
    open: { first: Packet; key: boolean; packets: Packet[]; frames: number } | undefined,
  ): void {
    const bytes = this.#muxer === undefined ? new Uint8Array(0) : this.#out.finish();
    if (bytes.length === 0 && open === undefined) return;
    let size = bytes.length;
    for (const packet of open?.packets ?? []) size += packet.data.length;
    this.#totalBytes += size;
    this.#totalFrames += open?.frames ?? 0;
    const batch = new Batch({
      seq: this.#nextSeq,
      bytes,
      packets: open?.packets ?? [],
      key: open?.key ?? false,
      tracks: this.#tracks,
      dts,
      receivedAt: open?.first.receivedAt ?? this.head?.receivedAt ?? 0,
      frames: open?.frames ?? 0,
      size,
      totalBytes: this.#totalBytes,
      totalFrames: this.#totalFrames,
    });
    this.#nextSeq += 1;
    this.#ring.push(batch);
    if (batch.key) this.#newestKey = batch.seq;
    this.#trim(batch);
    for (const reader of this.#ready) reader.deliver(batch);
    if (batch.key && this.#seeking.size > 0) for (const reader of [...this.#seeking]) reader.begin(batch.seq);
  }

  /**
   * Forgets what nobody may need: batches before the newest random access point once they are over the lag bound, and
   * all but the newest when the group of pictures outgrows the cache's bound (who joins then waits for the next).
   */
  #trim(head: Batch): void {
    const { maxLagMs, maxLagBytes, gopCacheMs, gopCacheBytes } = this.#init.options;
    let drop = 0;
    for (const batch of this.#ring) {
      if (batch === head) break;
      const cached = this.#newestKey !== undefined && batch.seq >= this.#newestKey;
      const micros = head.dts - batch.dts;
      const bytes = head.totalBytes - batch.totalBytes;
      const maxMicros = 1000 * (cached ? Math.max(maxLagMs, gopCacheMs) : maxLagMs);
      const maxBytes = cached ? Math.max(maxLagBytes, gopCacheBytes) : maxLagBytes;
      if (micros <= maxMicros && bytes <= maxBytes) break;
      if (batch.seq === this.#newestKey) this.#newestKey = undefined;
      drop += 1;
    }
    if (drop > 0) this.#ring.splice(0, drop);
  }

  #touch(): void {
    if (this.#dirty || this.#filling) return;
    this.#dirty = true;
    this.#init.onDirty(this);
  }
}

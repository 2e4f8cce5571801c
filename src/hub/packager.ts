import { ByteWriter } from "../media/bytes/writer.js";
import type { Muxer } from "../media/model/container.js";
import { type Metadata, type Packet, sameConfig } from "../media/model/packet.js";
import type { Track } from "../media/model/track.js";
import { Batch } from "./batch.js";
import { BatchRing } from "./batch-ring.js";
import { FanOut } from "./fan-out.js";
import type { HubOptions } from "./options.js";
import type { HubReason } from "./reason.js";
import type { Subscriber } from "./subscriber.js";
import { selects, TIMELINE_END_MICROS, type Variant } from "./variant.js";
import { type Work, type WorkProbe, worked } from "./work.js";

/** What is cached for a new variant is cut into pieces of this size, so that a joining socket can be fed in steps. */
const FILL_BYTES = 64 * 1024;

export interface PackagerInit extends Variant {
  /** The selected tracks with the configurations in force at the first packet that will be written. */
  readonly tracks: readonly Track[];
  readonly metadata: Metadata;
  /** The stream's name. */
  readonly stream: string;
  readonly probe: WorkProbe;
  readonly options: HubOptions;
  /**
   * Called when there is something to hand out: once, until `flush` is called; and once more when readers wait for it,
   * where it was not urgent before.
   */
  readonly onDirty: (packager: Packager, urgent: boolean) => void;
  /** Gets what a muxer or a sink throws. */
  readonly onError: (error: unknown) => void;
  /** Gets one batch in five, once all readers that were ready have it. */
  readonly onHandedOut?: ((batch: Batch, now: number) => void) | undefined;
}

/** What has been written since the last cut. */
interface Open {
  readonly first: Packet;
  readonly key: boolean;
  readonly packets: Packet[];
  frames: number;
  /** Of the packets' payload. */
  bytes: number;
}

/**
 * One variant of a stream: muxes each packet once, cuts the result into batches and hands every batch to every reader.
 * The batches that a reader may still need are kept in one ring, so a reader is no more than a cursor into it.
 *
 * Writing never calls a sink: batches are handed out by `flush`, at the end of the turn. So a sink may do what it
 * likes, publish, join or leave, and nothing is in the middle of a packet.
 */
export class Packager {
  /** The batches that are kept. */
  readonly ring: BatchRing;
  readonly readers: FanOut;
  readonly #muxer: Muxer | undefined;
  readonly #init: PackagerInit;
  readonly #out = new ByteWriter(16 * 1024);
  readonly #muxing: Work;
  readonly #handingOut: Work;
  #tracks: readonly Track[];
  /** Only a key frame of the picture is a random access point; without one, any packet. */
  #hasVideo: boolean;
  /** Tracks that readers were told of and do not get. */
  #lateTracks: readonly Track[] = [];
  #totalBytes = 0;
  #totalFrames = 0;
  /** Readers of another stream that are to go on here. */
  readonly #expected = new Set<Subscriber>();
  /** What those need who begin at the same batch: many join within one group of pictures. */
  #beginning: { readonly at: Batch; readonly preamble: Batch | undefined } | undefined;
  #open: Open | undefined;
  #dirty = false;
  #urgent = false;
  #filling = false;
  #ended: HubReason | undefined;

  constructor(init: PackagerInit) {
    this.#init = init;
    this.ring = new BatchRing(init.options);
    this.readers = new FanOut(this.ring, init.onHandedOut);
    const labels = { stream: init.stream, protocol: init.format?.key ?? "packets" };
    this.#muxing = { stage: "mux", ...labels };
    this.#handingOut = { stage: "fan-out", ...labels };
    this.#tracks = init.tracks;
    this.#hasVideo = init.tracks.some((track) => track.kind === "video");
    this.#muxer = init.format?.createMuxer({ tracks: init.tracks, metadata: init.metadata, zero: init.zero });
  }

  get options(): HubOptions {
    return this.#init.options;
  }

  /** The selected tracks with the configurations of the newest packets. */
  get tracks(): readonly Track[] {
    return this.#tracks;
  }

  /** What its readers agree on. */
  get variant(): Variant {
    return this.#init;
  }

  /** Whether anybody reads it, or is about to. */
  get wanted(): boolean {
    return this.readers.size > 0 || this.#expected.size > 0;
  }

  get onePublication(): boolean {
    return this.#init.onePublication;
  }

  /** Why it takes no more packets; undefined while it does. */
  get ended(): HubReason | undefined {
    return this.#ended;
  }

  /** Packets and payload bytes in all batches so far. */
  get total(): { readonly frames: number; readonly bytes: number } {
    return { frames: this.#totalFrames, bytes: this.#totalBytes };
  }

  /** Whether a reader that asks for this, of a stream with these tracks, gets here what it should. */
  serves(variant: Variant, tracks: readonly Track[]): boolean {
    const { format, selection, zero, onePublication } = this.#init;
    return (
      this.#ended === undefined &&
      onePublication === variant.onePublication &&
      format?.key === variant.format?.key &&
      selection.video === variant.selection.video &&
      selection.audio === variant.selection.audio &&
      zero === variant.zero &&
      this.#tracks.length === tracks.length &&
      tracks.every((track) => this.#known(track) !== undefined)
    );
  }

  /** Muxes what a stream had cached, before anyone reads. */
  fill(packets: readonly Packet[]): void {
    this.#filling = true;
    for (const packet of packets) {
      this.write(packet);
      if (this.#open !== undefined && this.#open.bytes >= FILL_BYTES) this.#cut();
    }
    this.#cut();
    this.#filling = false;
    this.readers.skip();
  }

  write(packet: Packet): void {
    const { listener } = this.#init.probe;
    if (listener === undefined) {
      this.#write(packet);
      return;
    }
    const before = listener.enter(this.#muxing, packet);
    this.#write(packet);
    listener.leave(before);
  }

  #write(packet: Packet): void {
    // What is older than a renewed zero has no timestamp here.
    if (this.#ended !== undefined || packet.dts < this.#init.zero) return;
    try {
      const { track } = packet;
      if (track.kind !== "data") {
        const known = this.#known(track);
        if (known === undefined) return;
        if (known !== track && !this.#change(known, track, packet.dts)) return;
      }
      if (packet.dts - this.#init.zero > TIMELINE_END_MICROS) {
        this.#stop("timeline-end");
        return;
      }
      const key = this.#hasVideo ? track.kind === "video" && packet.key : track.kind === "audio";
      if (key && this.#hasVideo) this.#cut();
      this.#open ??= { first: packet, key, packets: [], frames: 0, bytes: 0 };
      if (this.#muxer === undefined) this.#open.packets.push(packet);
      else this.#muxer.write(packet, this.#out);
      this.#open.frames += 1;
      this.#open.bytes += packet.data.length;
      // Nobody hears what belongs to a picture before that is there: sound may go with the next one.
      this.#touch(!this.#hasVideo || track.kind === "video");
    } catch (error) {
      this.#fail(error);
    }
  }

  /**
   * The stream's track set is now this. A track that nobody was promised goes in-band to readers whose format takes it
   * in; the others keep their set (a media element cannot take a new track in) and are told where the format has a
   * word for it.
   *
   * @param at the dts where it comes in
   */
  announce(tracks: readonly Track[], at: number): void {
    if (this.#ended !== undefined) return;
    try {
      for (const track of tracks) this.#lateTrack(track, at);
      this.#hasVideo = tracks.some((track) => track.kind === "video" && this.#known(track) !== undefined);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Its publisher has gone: nobody new begins with what that one sent. */
  interrupt(): void {
    this.#cut();
    this.ring.forgetKey();
    this.#sendAway();
  }

  /**
   * Cuts the open batch and hands out all that readers wait for; then ends them, if it takes no more packets.
   *
   * @param pause asked now and then whether to leave the rest for later: then this is to be called again
   * @returns false where something was left
   */
  flush(pause?: () => boolean): boolean {
    // What has come since a round began is the next one's.
    if (pause === undefined || !this.readers.inRound) {
      // What is cut now is handed out now: a round more for it would be in the way of the next packets.
      this.#dirty = true;
      this.#urgent = true;
      this.#cut();
      this.#dirty = false;
      this.#urgent = false;
    }
    const done = this.handingOut(() => this.readers.flush(pause));
    if (this.#expected.size > 0) for (const reader of [...this.#expected]) reader.look();
    return done;
  }

  /** Does what hands out batches, and says so to who wants to know what time is spent on. */
  handingOut<T>(task: () => T): T {
    return worked(this.#init.probe, this.#handingOut, task, this.ring.head);
  }

  join(reader: Subscriber): void {
    reader.begin(this.ring.cachedKey?.seq);
  }

  /** A reader of another stream is to go on here: it is told of batches that come. */
  expect(reader: Subscriber): void {
    this.#expected.add(reader);
  }

  unexpect(reader: Subscriber): void {
    this.#expected.delete(reader);
  }

  /** What a reader needs before this batch if it knows the configurations `known`; undefined where nothing. */
  preamble(batch: Batch, known: readonly Track[] | undefined): Batch | undefined {
    if (this.#muxer === undefined) return undefined;
    let bytes: Uint8Array;
    if (known === undefined) {
      if (this.#beginning?.at === batch) return this.#beginning.preamble;
      bytes = this.#muxer.start(batch.tracks, batch.dts);
    } else {
      const out = new ByteWriter();
      for (const track of batch.tracks) {
        const had = known.find(({ id }) => id === track.id);
        if (had === undefined || !sameConfig(had, track)) this.#muxer.config(track, batch.dts, out);
      }
      // It may have passed over the word; hearing it twice does no harm.
      for (const track of this.#lateTracks) this.#muxer.lateTrack?.(track, batch.dts, out);
      bytes = out.finish();
    }
    const preamble =
      bytes.length === 0
        ? undefined
        : new Batch({
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
    if (known === undefined) this.#beginning = { at: batch, preamble };
    return preamble;
  }

  /** Tells of a fault that is neither the publisher's nor the network's. */
  report(error: unknown): void {
    this.#init.onError(error);
  }

  /**
   * Takes no more packets and ends every reader.
   *
   * @param abrupt at once; else each is given what is kept for it first
   */
  end(reason: HubReason, abrupt: boolean): void {
    this.#stop(reason);
    this.readers.end(reason, abrupt);
    this.flush();
  }

  /** Takes no more packets; the next flush ends the readers. */
  #stop(reason: HubReason): void {
    if (this.#ended !== undefined) return;
    this.#cut();
    this.#end(reason);
  }

  #end(reason: HubReason): void {
    this.#ended ??= reason;
    this.readers.end(this.#ended, false);
    this.#sendAway();
    this.#touch(true);
  }

  /** Nobody goes on here: they stay where they are. */
  #sendAway(): void {
    for (const reader of [...this.#expected]) reader.stay();
  }

  /** The muxer threw: what it holds cannot be trusted. The publisher and other variants go on. */
  #fail(error: unknown): void {
    this.#open = undefined;
    this.#end("internal");
    this.#init.onError(error);
  }

  #known(track: Track): Track | undefined {
    for (const known of this.#tracks) if (known.id === track.id) return known;
    return undefined;
  }

  #lateTrack(track: Track, at: number): void {
    const { format, selection } = this.#init;
    if (this.#known(track) !== undefined || !selects(selection, track)) return;
    if (format?.carries(track) === false) return;
    this.#cut();
    if (format === undefined || format.lateTracks) {
      this.#tracks = [...this.#tracks, track].sort((a, b) => a.id - b.id);
      this.#muxer?.config(track, at, this.#out);
    } else {
      if (this.#lateTracks.some(({ id }) => id === track.id)) return;
      this.#lateTracks = [...this.#lateTracks, track];
      this.#muxer?.lateTrack?.(track, at, this.#out);
    }
    this.#emit(at, undefined);
  }

  /** Puts a track's changed configuration in force. False where the format cannot, and all readers are to be ended. */
  #change(from: Track, to: Track, at: number): boolean {
    const replaced = this.#tracks.map((track) => (track === from ? to : track));
    if (sameConfig(from, to)) {
      // The same configuration in a new Track, from a publisher that came back: nothing to tell anyone.
      this.#tracks = replaced;
      return true;
    }
    const { format } = this.#init;
    if (format !== undefined && !(format.canChange(from, to) && format.carries(to))) {
      this.#stop("config-changed");
      return false;
    }
    this.#cut();
    this.#tracks = replaced;
    this.#muxer?.config(to, at, this.#out);
    this.#emit(at, undefined);
    return true;
  }

  #cut(): void {
    const open = this.#open;
    if (open === undefined || this.#ended !== undefined) return;
    this.#open = undefined;
    try {
      this.#muxer?.flush(this.#out);
      this.#emit(open.first.dts, open);
    } catch (error) {
      this.#fail(error);
    }
  }

  #emit(dts: number, open: Open | undefined): void {
    if (this.#ended !== undefined) return;
    const bytes = this.#out.finish();
    // Of what the container does not carry nothing is handed out: an empty HTTP chunk would end the response.
    if (this.#muxer === undefined ? open === undefined : bytes.length === 0) return;
    const size = this.#muxer === undefined ? (open?.bytes ?? 0) : bytes.length;
    this.#totalBytes += size;
    this.#totalFrames += open?.frames ?? 0;
    const batch = new Batch({
      seq: this.ring.nextSeq,
      bytes,
      packets: open?.packets ?? [],
      key: open?.key ?? false,
      tracks: this.#tracks,
      dts,
      receivedAt: open?.first.receivedAt ?? this.ring.head?.receivedAt ?? 0,
      frames: open?.frames ?? 0,
      size,
      totalBytes: this.#totalBytes,
      totalFrames: this.#totalFrames,
    });
    this.ring.push(batch, this.readers.sent);
    this.#touch(true);
  }

  #touch(urgent: boolean): void {
    if ((this.#dirty && (this.#urgent || !urgent)) || this.#filling) return;
    this.#dirty = true;
    this.#urgent = urgent;
    this.#init.onDirty(this, urgent);
  }
}

import type { ContainerFormat } from "../media/model/container.js";
import { type Metadata, type Packet, sameConfig } from "../media/model/packet.js";
import type { Track } from "../media/model/track.js";
import { CutOrder } from "./cut-order.js";
import { GopCache } from "./gop-cache.js";
import { type MoveListener, moveReader, type Place, type Unmoved } from "./move.js";
import type { StreamObserver } from "./observer.js";
import type { HubOptions } from "./options.js";
import type { Packager } from "./packager.js";
import { Packagers } from "./packagers.js";
import { shiftBetween, type Telling } from "./programme.js";
import { Publisher, type PublisherInit } from "./publisher.js";
import { type HubReason, viewersOutlive } from "./reason.js";
import { Refused } from "./refused.js";
import type { Cancel, Scheduler } from "./scheduler.js";
import type { Sink } from "./sink.js";
import { SoundPrints } from "./sound-prints.js";
import { Subscriber } from "./subscriber.js";
import { type Anchor, type Placement, Timeline } from "./timeline.js";
import { type Selection, TIMELINE_RENEW_MICROS, type Variant } from "./variant.js";
import type { WorkProbe } from "./work.js";

/** What a reader asks for. */
export interface SubscribeRequest {
  /** How its bytes are muxed; undefined for a reader of packets. */
  readonly format: ContainerFormat | undefined;
  readonly selection: Selection;
  readonly sink: Sink;
  /** It ends with the present publication, and is no viewer: what passes the stream on to another process. */
  readonly onePublication?: boolean;
}

/** What a Stream tells its hub. */
export interface StreamListener {
  /** The track set was announced, or has changed. */
  tracks(stream: Stream): void;
  unpublish(stream: Stream, reason: string, relayed: boolean): void;
  /** Nothing holds it any more. */
  vacant(stream: Stream): void;
  /** The packager has something to hand out: its `flush` is to be called. */
  dirty(packager: Packager, urgent: boolean): void;
  /** A sink or a muxer threw. */
  fault(error: unknown): void;
}

/** Who takes a stream over is at most this far behind, also in another process: viewers are kept for it. */
const TAKEOVER_MS = 1_000;

/** One live stream: at most one publisher, any number of subscribers, one timeline. */
export class Stream {
  readonly name: string;
  /** When the stream came to be, microseconds since the Unix epoch. */
  readonly since: number;
  readonly #options: HubOptions;
  readonly #scheduler: Scheduler;
  readonly #listener: StreamListener;
  readonly #timeline = new Timeline();
  readonly #gop: GopCache;
  readonly #packagers: Packagers;
  readonly #readers = new Set<Subscriber>();
  #publisher: Publisher | undefined;
  /** The random access point that the publisher's packets begin with has come. */
  #begun = false;
  /** The publisher's first key frame has come: before it a picture cannot be decoded. */
  #pictured = false;
  #tracks: readonly Track[] = [];
  /** The tracks are not what listeners know. */
  #news = false;
  /** Where readers may be moved. */
  readonly #order: CutOrder | undefined;
  /** What is to be heard lately, where readers may be moved. */
  readonly #sound = new SoundPrints();
  #zero = 0;
  #cancelKeep: Cancel | undefined;
  #packets = 0;
  #bytes = 0;
  readonly #observer: StreamObserver | undefined;
  /** Where the group of pictures began, if its publisher sends to this process. */
  #groupDts: number | undefined;
  #groupMicros: number | undefined;

  constructor(
    name: string,
    options: HubOptions,
    scheduler: Scheduler,
    listener: StreamListener,
    probe: WorkProbe,
    observer?: StreamObserver,
  ) {
    this.#observer = observer;
    this.name = name;
    this.since = scheduler.wall();
    this.#options = options;
    this.#scheduler = scheduler;
    this.#listener = listener;
    this.#packagers = new Packagers({ stream: name, options, probe, observer, listener });
    this.#gop = new GopCache(options.gopCacheMs, options.gopCacheBytes);
    this.#order = options.moves ? new CutOrder((packet) => this.#pass(packet)) : undefined;
  }

  /** The announced tracks with the configurations now in force: video first. Empty before they are announced. */
  get tracks(): readonly Track[] {
    return this.#tracks;
  }

  get metadata(): Metadata {
    return this.#publisher?.metadata ?? {};
  }

  /** Whether a publisher is sending and its tracks are announced: whether a reader can join now. */
  get live(): boolean {
    return this.#publisher?.announced === true;
  }

  get publisher(): Publisher | undefined {
    return this.#publisher;
  }

  /** Subscribers now. */
  get readers(): number {
    return this.#readers.size;
  }

  /** Whether anybody reads it, or is about to. */
  get wanted(): boolean {
    return this.#readers.size > 0 || this.#packagers.wanted;
  }

  /** Subscribers but for those that pass it on. */
  get viewers(): number {
    return this.#readers.size - this.#packagers.relays;
  }

  /** Where its timeline met the wall clock. */
  get anchors(): readonly Anchor[] {
    return this.#timeline.anchors;
  }

  /** The highest dts sent, microseconds on the timeline. */
  get position(): number {
    return this.#timeline.highest ?? 0;
  }

  /** Packets and payload bytes taken in from publishers of this process since the stream began. */
  get taken(): { readonly packets: number; readonly bytes: number } {
    return { packets: this.#packets, bytes: this.#bytes };
  }

  /** From one key frame of the picture to the next, the last time, microseconds; undefined before two have come here. */
  get groupMicros(): number | undefined {
    return this.#groupMicros;
  }

  /**
   * Ends the present publisher, if there is one, so that another can come.
   *
   * @throws Refused `busy` where the policy is to keep it
   */
  makeWay(): void {
    const present = this.#publisher;
    if (present === undefined) return;
    const idleMs = (this.#scheduler.now() - present.lastMediaAt) / 1000;
    if (!present.placed && this.#options.duplicate === "reject" && idleMs < this.#options.publisherIdleMs)
      throw this.#busy();
    present.end("taken-over");
  }

  /** @throws Refused `busy` while it has a publisher */
  publish(init: PublisherInit): Publisher {
    if (this.#publisher !== undefined) throw this.#busy();
    this.#cancelKeep?.();
    this.#cancelKeep = undefined;
    this.#begun = false;
    this.#pictured = false;
    this.#groupDts = undefined;
    if (init.position !== undefined) this.#timeline.advance(init.position);
    this.#publisher = new Publisher(init, this.#options, this.#scheduler, {
      announced: () => this.#announce(),
      packet: (packet) => this.#take(packet),
      ended: (reason) => this.#unpublished(reason),
    });
    return this.#publisher;
  }

  /** @throws Refused `not-live`, `no-tracks` or `variants` */
  subscribe(request: SubscribeRequest): Subscriber {
    if (!this.live) throw new Refused("not-live", `${this.name} is not being published`);
    const packager = this.#packagerFor(request);
    const reader = new Subscriber(packager, request.sink, this.#scheduler, (gone) => {
      this.#readers.delete(gone);
      this.#release(packager);
    });
    this.#readers.add(reader);
    packager.join(reader);
    return reader;
  }

  /**
   * Has a reader go on in another stream, another rendition of the same programme, at a key frame that both have at the
   * same moment: see `Subscriber.move`. Both need the option `moves`, the same set of tracks in codecs of one family, and a
   * format that can say that a configuration has changed.
   *
   * @returns undefined where it has begun, else why not
   */
  move(reader: Subscriber, to: Stream, listener: MoveListener): Unmoved | undefined {
    const places = { from: this.#place, to: to.#place, shift: () => this.shiftTo(to) };
    return moveReader(reader, places, listener);
  }

  /**
   * How far another stream's timeline is from this one's: microseconds to add to a time here for the same moment there;
   * undefined where nothing says that both tell of one programme.
   */
  shiftTo(to: Stream): number | undefined {
    return to === this ? undefined : shiftBetween(this.#telling, to.#telling, this.#options);
  }

  /** How its timeline stood to its publisher's own clock at a moment; undefined where that has none, or nobody has told. */
  clockAt(dts?: number): Placement | undefined {
    const publisher = this.#publisher;
    if (publisher?.relayed === true) return publisher.clock;
    return publisher === undefined || publisher.placed ? undefined : this.#timeline.placementAt(dts);
  }

  /** Ends everyone and everything. */
  close(reason: HubReason): void {
    this.#publisher?.end(reason);
    this.#endReaders(reason, true);
  }

  /** Closes readers without progress. @param now the scheduler's clock, microseconds */
  sweep(now: number): void {
    this.#packagers.sweep(now);
  }

  get #telling(): Telling {
    const publisher = this.live ? this.#publisher : undefined;
    return { name: this.name, publisher, clock: this.clockAt(), sound: this.#sound };
  }

  /** Whether the stream can be cut at this key frame. */
  #isCut(dts: number): boolean {
    const { from } = this.clockAt() ?? this.#timeline.placementAt();
    return this.#order?.has(dts) === true && dts >= from;
  }

  get #place(): Place {
    return {
      readers: this.#readers,
      passed: () => this.#order?.passed,
      isCut: (dts) => this.#isCut(dts),
      packagerFor: (variant, zero) => this.#packagerFor(variant, zero),
      release: (packager) => this.#release(packager),
    };
  }

  #busy(): Refused {
    return new Refused("busy", `${this.name} is being published`);
  }

  #announce(): void {
    this.#tracks = this.#publisher?.tracks ?? [];
    this.#order?.setTracks(this.#tracks);
    this.#sound.setTracks(this.#tracks);
    this.#packagers.announce(this.#tracks, this.position);
    this.#listener.tracks(this);
  }

  #isRandomAccess(packet: Packet): boolean {
    const { kind } = packet.track;
    return kind === "video"
      ? packet.key
      : kind === "audio" && !this.#tracks.some((track) => track.kind === "video");
  }

  #take(packet: Packet): void {
    const { track } = packet;
    const relayed = this.#publisher?.relayed === true;
    const isPlaced = this.#publisher?.placed === true;
    const randomAccess = this.#isRandomAccess(packet);
    if (!this.#begun) {
      if (!randomAccess) return;
      // A relay that is dialled anew begins with a group of pictures that its readers may have had.
      if (!isPlaced) this.#timeline.splice(packet.dts, packet.receivedAt);
      else if (!this.#timeline.join(packet.dts, packet.receivedAt)) return;
      this.#begun = true;
    }
    if (track.kind === "video" && !this.#pictured && !packet.key) return;
    const placed = isPlaced ? packet : this.#timeline.place(packet);
    if (placed === undefined || (isPlaced && !this.#timeline.follow(packet))) return;
    if (track.kind === "video") this.#pictured = true;
    // What another process has taken in is counted there.
    if (!relayed) {
      this.#packets += 1;
      this.#bytes += packet.data.length;
    }
    if (randomAccess && track.kind === "video" && !relayed) {
      if (this.#groupDts !== undefined) {
        this.#groupMicros = placed.dts - this.#groupDts;
        this.#observer?.group(this.#groupMicros);
      }
      this.#groupDts = placed.dts;
    }
    if (this.#order === undefined) this.#pass(placed, randomAccess);
    else {
      this.#sound.add(placed);
      this.#order.write(placed);
    }
    if (!this.#news) return;
    this.#news = false;
    // Last: who is told may end the publisher.
    this.#listener.tracks(this);
  }

  /** A packet to everybody, in its place. */
  #pass(packet: Packet, randomAccess: boolean = this.#isRandomAccess(packet)): void {
    const { track } = packet;
    if (track.kind !== "data" && !this.#tracks.includes(track) && this.#changeTrack(track, packet.dts))
      this.#news = true;
    this.#gop.add(packet, randomAccess);
    this.#packagers.write(packet);
  }

  /** A changed configuration, or a track that nobody announced. False where it is nothing new to anyone. */
  #changeTrack(track: Track, at: number): boolean {
    const known = this.#tracks.find(({ id }) => id === track.id);
    if (known !== undefined) {
      this.#tracks = this.#tracks.map((old) => (old === known ? track : old));
      return !sameConfig(known, track);
    }
    this.#tracks = [...this.#tracks, track].sort((a, b) => a.id - b.id);
    this.#order?.setTracks(this.#tracks);
    this.#sound.setTracks(this.#tracks);
    this.#packagers.announce(this.#tracks, at);
    return true;
  }

  /** @param at where its timestamps begin, microseconds on the timeline; the stream's own choice by default */
  #packagerFor(request: Omit<SubscribeRequest, "sink">, at?: number): Packager {
    const { format, selection, onePublication = false } = request;
    const gop = this.#gop.packets;
    if (this.position - this.#zero > TIMELINE_RENEW_MICROS) this.#zero = gop[0]?.dts ?? this.position;
    const variant: Variant = { format, selection, onePublication, zero: at ?? this.#zero };
    return this.#packagers.of(variant, { tracks: this.#tracks, metadata: this.metadata, gop });
  }

  #release(packager: Packager): void {
    if (packager.wanted) return;
    this.#packagers.retire(packager);
    this.#checkVacant();
  }

  #unpublished(reason: string): void {
    const relayed = this.#publisher?.relayed === true;
    this.#order?.reset();
    this.#publisher = undefined;
    this.#gop.clear();
    this.#endRelays(reason);
    this.#packagers.interrupt();
    const keepMs = Math.max(this.#options.keepViewersMs, reason === "taken-over" ? TAKEOVER_MS : 0);
    if (viewersOutlive(reason) && keepMs > 0 && this.#readers.size > 0)
      this.#cancelKeep = this.#scheduler.after(keepMs, () => this.#endReaders("unpublished", false));
    else if (reason === "kicked" || reason === "shutdown") this.#endReaders(reason, true);
    else this.#endReaders("unpublished", false);
    // Last: who is told may publish again.
    this.#listener.unpublish(this, reason, relayed);
    this.#checkVacant();
  }

  /** Whoever passes it on hears of the publication's end, after its last packet, and dials the next. */
  #endRelays(reason: string): void {
    const told = reason === "taken-over" || !viewersOutlive(reason) ? (reason as HubReason) : "unpublished";
    this.#packagers.endRelays(told);
  }

  /** @param abrupt at once; else each is given what is kept for it first */
  #endReaders(reason: HubReason, abrupt: boolean): void {
    this.#cancelKeep?.();
    this.#cancelKeep = undefined;
    this.#packagers.endAll(reason, abrupt);
    this.#checkVacant();
  }

  #checkVacant(): void {
    if (this.#publisher !== undefined || this.#readers.size > 0) return;
    this.#cancelKeep?.();
    this.#cancelKeep = undefined;
    this.#listener.vacant(this);
  }
}

import type { ContainerFormat } from "../media/model/container.js";
import type { Metadata, Packet } from "../media/model/packet.js";
import type { Track } from "../media/model/track.js";
import { GopCache } from "./gop-cache.js";
import type { HubOptions } from "./options.js";
import { Packager, type Selection, TIMELINE_RENEW_MICROS } from "./packager.js";
import { Publisher, type PublisherInit } from "./publisher.js";
import { type HubReason, viewersOutlive } from "./reason.js";
import type { Cancel, Scheduler } from "./scheduler.js";
import { type Sink, Subscriber } from "./subscriber.js";
import { type Anchor, Timeline } from "./timeline.js";

/** Why a publisher or subscriber was not let in. */
export type RefusalCode = "busy" | "variants" | "no-tracks" | "not-live" | "closed";

/** Thrown by `publish` and `subscribe`: nothing was changed. */
export class Refused extends Error {
  readonly code: RefusalCode;

  constructor(code: RefusalCode, message: string) {
    super(message);
    this.name = "Refused";
    this.code = code;
  }
}

/** What a reader asks for. */
export interface SubscribeRequest {
  /** How its bytes are muxed; undefined for a reader of packets. */
  readonly format: ContainerFormat | undefined;
  readonly selection: Selection;
  readonly sink: Sink;
}

/** What a Stream tells its hub. */
export interface StreamListener {
  /** The track set was announced, or has changed. */
  tracks(stream: Stream): void;
  unpublish(stream: Stream, reason: string): void;
  /** Nothing holds it any more. */
  vacant(stream: Stream): void;
  /** Packager has something to cut. */
  dirty(packager: Packager): void;
}

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
  readonly #packagers = new Map<string, Packager>();
  /** Packagers that take no more packets, while slow readers still draw what they hold. */
  readonly #draining = new Set<Packager>();
  readonly #readers = new Set<Subscriber>();
  #publisher: Publisher | undefined;
  /** The random access point that the publisher's packets begin with has come. */
  #begun = false;
  #tracks: readonly Track[] = [];
  #trackGeneration = 0;
  #zero = 0;
  #cancelKeep: Cancel | undefined;
  #packets = 0;
  #bytes = 0;

  constructor(name: string, options: HubOptions, scheduler: Scheduler, listener: StreamListener) {
    this.name = name;
    this.since = scheduler.wall();
    this.#options = options;
    this.#scheduler = scheduler;
    this.#listener = listener;
    this.#gop = new GopCache(options.gopCacheMs, options.gopCacheBytes);
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

  /** Where its timeline met the wall clock. */
  get anchors(): readonly Anchor[] {
    return this.#timeline.anchors;
  }

  /** The highest dts sent, microseconds on the timeline. */
  get position(): number {
    return this.#timeline.highest ?? 0;
  }

  /** Packets and payload bytes taken in since the stream began. */
  get taken(): { readonly packets: number; readonly bytes: number } {
    return { packets: this.#packets, bytes: this.#bytes };
  }

  /** @throws Refused `busy` while another publisher has the stream and the policy is to keep it */
  publish(init: PublisherInit): Publisher {
    const present = this.#publisher;
    if (present !== undefined) {
      const idleMs = (this.#scheduler.now() - present.lastMediaAt) / 1000;
      if (this.#options.duplicate === "reject" && idleMs < this.#options.publisherIdleMs) {
        throw new Refused("busy", `${this.name} is being published`);
      }
      present.end("taken-over");
    }
    this.#cancelKeep?.();
    this.#cancelKeep = undefined;
    this.#begun = false;
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
    const packager = this.#packagerFor(request.format, request.selection);
    const reader = new Subscriber(packager, request.sink, this.#scheduler, (gone) => {
      this.#readers.delete(gone);
      this.#release(packager);
    });
    this.#readers.add(reader);
    packager.join(reader);
    return reader;
  }

  /** Ends everyone and everything. */
  close(reason: HubReason): void {
    this.#publisher?.end(reason);
    this.#endReaders(reason);
  }

  /** Closes readers without progress. @param now the scheduler's clock, microseconds */
  sweep(now: number): void {
    for (const packager of this.#packagers.values()) packager.sweep(now);
    for (const packager of this.#draining) packager.sweep(now);
  }

  #announce(): void {
    const announced = this.#publisher?.tracks ?? [];
    const ids = (tracks: readonly Track[]): string => tracks.map(({ id }) => id).join();
    // The same set from a publisher that came back lets old and new readers share their packagers.
    if (ids(announced) !== ids(this.#tracks)) this.#trackGeneration += 1;
    this.#tracks = announced;
    this.#listener.tracks(this);
  }

  #isRandomAccess(packet: Packet): boolean {
    const { kind } = packet.track;
    return kind === "video"
      ? packet.key
      : kind === "audio" && !this.#tracks.some((track) => track.kind === "video");
  }

  #take(packet: Packet): void {
    const randomAccess = this.#isRandomAccess(packet);
    if (!this.#begun) {
      if (!randomAccess) return;
      this.#begun = true;
      this.#timeline.splice(packet.dts, packet.receivedAt);
    }
    const placed = this.#timeline.place(packet);
    if (placed === undefined) return;
    this.#packets += 1;
    this.#bytes += packet.data.length;
    if (packet.track.kind !== "data" && !this.#tracks.includes(packet.track))
      this.#changeTrack(packet.track, placed.dts);
    this.#gop.add(placed, randomAccess);
    for (const packager of this.#packagers.values()) {
      packager.write(placed);
      if (packager.ended !== undefined) this.#retire(packager);
    }
  }

  /** A changed configuration, or a track that nobody announced. */
  #changeTrack(track: Track, at: number): void {
    const known = this.#tracks.some(({ id }) => id === track.id);
    if (known) {
      this.#tracks = this.#tracks.map((old) => (old.id === track.id ? track : old));
    } else {
      this.#tracks = [...this.#tracks, track].sort((a, b) => a.id - b.id);
      this.#trackGeneration += 1;
      for (const packager of this.#packagers.values()) packager.lateTrack(track, at);
    }
    this.#listener.tracks(this);
  }

  #packagerFor(format: ContainerFormat | undefined, selection: Selection): Packager {
    const cached = this.#gop.packets;
    if (this.position - this.#zero > TIMELINE_RENEW_MICROS) this.#zero = cached[0]?.dts ?? this.position;
    // Readers that understand late tracks share one packager whatever the set was when they came.
    const generation = format === undefined || format.lateTracks ? "" : this.#trackGeneration;
    const kinds = `${selection.video ? "v" : ""}${selection.audio ? "a" : ""}`;
    const key = `${format?.key ?? "packets"}/${kinds}/${generation}/${this.#zero}`;
    const existing = this.#packagers.get(key);
    if (existing !== undefined) return existing;
    const wanted = this.#tracks
      .filter(({ kind }) => (kind === "video" && selection.video) || (kind === "audio" && selection.audio))
      .filter((track) => format === undefined || format.carries(track));
    if (wanted.length === 0) throw new Refused("no-tracks", `${this.name} has no track that was asked for`);
    if (this.#packagers.size >= this.#options.maxVariants) {
      throw new Refused(
        "variants",
        `${this.name} is packaged in ${this.#packagers.size} variants, which is the limit`,
      );
    }
    const packager = new Packager({
      format,
      selection,
      tracks: wanted.map((track) => cached.find((packet) => packet.track.id === track.id)?.track ?? track),
      metadata: this.metadata,
      zero: this.#zero,
      options: this.#options,
      onDirty: (dirty) => this.#listener.dirty(dirty),
    });
    packager.fill(cached);
    this.#packagers.set(key, packager);
    return packager;
  }

  #retire(packager: Packager): void {
    for (const [key, value] of this.#packagers) if (value === packager) this.#packagers.delete(key);
    if (packager.readers > 0) this.#draining.add(packager);
  }

  #release(packager: Packager): void {
    if (packager.readers > 0) return;
    this.#draining.delete(packager);
    this.#retire(packager);
    this.#checkVacant();
  }

  #unpublished(reason: string): void {
    this.#publisher = undefined;
    this.#gop.clear();
    for (const packager of this.#packagers.values()) packager.cut();
    this.#listener.unpublish(this, reason);
    if (this.#readers.size > 0 && viewersOutlive(reason) && this.#options.keepViewersMs > 0) {
      this.#cancelKeep = this.#scheduler.after(this.#options.keepViewersMs, () =>
        this.#endReaders("unpublished"),
      );
      return;
    }
    this.#endReaders(reason === "kicked" || reason === "shutdown" ? reason : "unpublished");
  }

  #endReaders(reason: HubReason): void {
    this.#cancelKeep?.();
    this.#cancelKeep = undefined;
    for (const packager of [...this.#packagers.values()]) {
      packager.end(reason);
      this.#retire(packager);
    }
    this.#checkVacant();
  }

  #checkVacant(): void {
    if (this.#publisher !== undefined || this.#readers.size > 0) return;
    this.#cancelKeep?.();
    this.#cancelKeep = undefined;
    this.#listener.vacant(this);
  }
}

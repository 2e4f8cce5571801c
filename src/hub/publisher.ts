import type { Metadata, Packet } from "../media/model/packet.js";
import type { Track } from "../media/model/track.js";
import { type HubOptions, OBJECT_BYTES } from "./options.js";
import type { Cancel, Scheduler } from "./scheduler.js";
import type { Placement } from "./timeline.js";

/** Packets held back before the announcement; what exceeds it is announced early. */
const MAX_HELD_BYTES = 16 * 1024 * 1024;

export interface PublisherInit {
  /** Called once when it ends, whoever ended it; `reason` is a HubReason or the owner's own word. */
  readonly onEnd?: (reason: string) => void;
  /** Another process has placed the packets on the stream's timeline: they are taken as they are. It always makes way. */
  readonly relayed?: boolean;
  /**
   * Its times are on the timeline of the stream of this name, which it was made from: they are taken as they are, so that
   * both can be compared. It always makes way, too: who sends the stream itself goes before what is made.
   */
  readonly madeFrom?: string | undefined;
  /** The timeline goes on after this, microseconds: what readers in other processes have seen. */
  readonly position?: number;
  /** Where it comes from, in words of its owner's that mean nothing here: for whoever finds it on its stream. */
  readonly origin?: string | undefined;
}

/** What a Publisher tells its stream. */
export interface PublisherListener {
  announced(): void;
  packet(packet: Packet): void;
  ended(reason: string): void;
}

/**
 * The right to write one stream. It holds packets back until the track set is known, because what readers are told at
 * the start, such as the flags of an FLV header, cannot be taken back.
 */
export class Publisher {
  readonly #init: PublisherInit;
  readonly #options: HubOptions;
  readonly #scheduler: Scheduler;
  readonly #listener: PublisherListener;
  readonly #tracks = new Map<number, Track>();
  #metadata: Metadata = {};
  #expected: { readonly video: boolean; readonly audio: boolean } | undefined;
  #announced = false;
  /** Packets before the announcement; undefined once they are passed on. */
  #held: Packet[] | undefined = [];
  #heldBytes = 0;
  #cancelTimeout: Cancel | undefined;
  #lastMediaAt: number;
  /** By how much our clock was ahead of the newest packet's dts when it came, microseconds. */
  #delay: number | undefined;
  #clock: Placement | undefined;
  /** The least since somebody asked, and when that was. */
  #leastDelay = Number.POSITIVE_INFINITY;
  #leastDelayAt = 0;
  #ended = false;

  constructor(init: PublisherInit, options: HubOptions, scheduler: Scheduler, listener: PublisherListener) {
    this.#init = init;
    this.#options = options;
    this.#scheduler = scheduler;
    this.#listener = listener;
    this.#lastMediaAt = scheduler.now();
  }

  get relayed(): boolean {
    return this.#init.relayed === true;
  }

  get madeFrom(): string | undefined {
    return this.#init.madeFrom;
  }

  /** Whether its times are taken as they are: they are on some stream's timeline already. */
  get placed(): boolean {
    return this.relayed || this.madeFrom !== undefined;
  }

  /** By how much our clock was ahead of the newest packet's dts when that came, microseconds; undefined before the first. */
  get delay(): number | undefined {
    return this.#delay;
  }

  /** How the timeline stands to the clock of who publishes elsewhere, as the process that has it says. */
  get clock(): Placement | undefined {
    return this.#clock;
  }

  get origin(): string | undefined {
    return this.#init.origin;
  }

  get metadata(): Metadata {
    return this.#metadata;
  }

  /** Whether readers have been told which tracks there are. */
  get announced(): boolean {
    return this.#announced;
  }

  /** Tracks known so far, video first. */
  get tracks(): readonly Track[] {
    return [...this.#tracks.values()].sort((a, b) => a.id - b.id);
  }

  /** When media last came in, or when it began: the scheduler's clock, microseconds. */
  get lastMediaAt(): number {
    return this.#lastMediaAt;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /**
   * By how much our clock was ahead of a packet's dts when it came, microseconds: the least of all packets since the last
   * call, which is the one that its network held up least; undefined where none came.
   */
  takeLeastDelay(): { readonly at: number; readonly delay: number } | undefined {
    const least = { at: this.#leastDelayAt, delay: this.#leastDelay };
    this.#leastDelay = Number.POSITIVE_INFINITY;
    return Number.isFinite(least.delay) ? least : undefined;
  }

  /** What the publisher says about its stream. @param expected the kinds of track it says will come, where it does */
  describe(metadata: Metadata, expected?: { readonly video: boolean; readonly audio: boolean }): void {
    if (this.#ended) return;
    this.#metadata = metadata;
    if (expected !== undefined && (expected.video || expected.audio)) this.#expected = expected;
    this.#announceIfComplete();
  }

  /** A track's first or changed configuration, ahead of its packets. */
  track(track: Track): void {
    if (this.#ended || track.kind === "data") return;
    this.#tracks.set(track.id, track);
    if (this.#announced) return;
    this.#cancelTimeout ??= this.#scheduler.after(this.#options.tracksTimeoutMs, () => this.#announce());
    this.#announceIfComplete();
  }

  /** What another process says of how it has placed the packets that follow. */
  tellClock(clock: Placement): void {
    this.#clock = clock;
  }

  /** Times on the publisher's own clock; the stream moves them to its timeline. */
  write(packet: Packet): void {
    if (this.#ended) return;
    const now = this.#scheduler.now();
    this.#lastMediaAt = now;
    const delay = now - packet.dts;
    this.#delay = delay;
    if (delay < this.#leastDelay) {
      this.#leastDelay = delay;
      this.#leastDelayAt = now;
    }
    if (this.#held === undefined) {
      this.#listener.packet(packet);
      return;
    }
    // Data before the first track belongs to nothing that a reader can begin with.
    if (packet.track.kind === "data" && this.#tracks.size === 0) return;
    this.#held.push(packet);
    this.#heldBytes += packet.data.length + OBJECT_BYTES;
    if (this.#tracks.get(packet.track.id) !== packet.track) this.track(packet.track);
    if (this.#heldBytes > MAX_HELD_BYTES) this.#announce();
  }

  /** Gives the stream up. Idempotent. */
  end(reason: string): void {
    // What came before the announcement is media too: a short publication is announced as it is.
    if (this.#tracks.size > 0) this.#announce();
    if (this.#ended) return;
    this.#ended = true;
    this.#cancelTimeout?.();
    this.#held = undefined;
    this.#listener.ended(reason);
    this.#init.onEnd?.(reason);
  }

  #announceIfComplete(): void {
    if (this.#tracks.size === 0) return;
    const kinds = new Set([...this.#tracks.values()].map(({ kind }) => kind));
    const { video, audio } = this.#expected ?? { video: true, audio: true };
    if ((!video || kinds.has("video")) && (!audio || kinds.has("audio"))) this.#announce();
  }

  #announce(): void {
    if (this.#announced || this.#ended) return;
    this.#announced = true;
    this.#cancelTimeout?.();
    this.#listener.announced();
    // Who is told may write or end: what is written now queues behind the rest.
    for (const packet of this.#held ?? []) {
      if (this.#ended) return;
      this.#listener.packet(packet);
    }
    this.#held = undefined;
  }
}

import type { Metadata, Packet } from "../media/model/packet.js";
import type { Track } from "../media/model/track.js";
import type { StreamObserver } from "./observer.js";
import type { HubOptions } from "./options.js";
import { Packager } from "./packager.js";
import type { HubReason } from "./reason.js";
import { Refused } from "./refused.js";
import { selects, type Variant } from "./variant.js";
import type { WorkProbe } from "./work.js";

export interface PackagersInit {
  /** The stream's name. */
  readonly stream: string;
  readonly options: HubOptions;
  readonly probe: WorkProbe;
  readonly observer: StreamObserver | undefined;
  readonly listener: {
    dirty(packager: Packager, urgent: boolean): void;
    fault(error: unknown): void;
  };
}

/** What there is to be packaged, when a variant is asked for. */
export interface Packaged {
  readonly tracks: readonly Track[];
  readonly metadata: Metadata;
  /** The cached group of pictures. */
  readonly gop: readonly Packet[];
}

/** The packagers of one stream: one for each variant that somebody reads. */
export class Packagers {
  readonly #init: PackagersInit;
  /** Replaced, never changed: what a packet causes on its way over them does not change that way. */
  #live: readonly Packager[] = [];
  /** They take no more packets, while slow readers still draw what they hold. */
  readonly #draining = new Set<Packager>();

  constructor(init: PackagersInit) {
    this.#init = init;
  }

  /** Whether anybody reads one that takes packets, or is about to. */
  get wanted(): boolean {
    return this.#live.some((packager) => packager.wanted);
  }

  /** How many readers pass it on. */
  get relays(): number {
    const relays = [...this.#live, ...this.#draining].filter(({ onePublication }) => onePublication);
    return relays.reduce((sum, { readers }) => sum + readers.size, 0);
  }

  write(packet: Packet): void {
    for (const packager of this.#live) {
      packager.write(packet);
      if (packager.ended !== undefined) this.retire(packager);
    }
  }

  /** The stream's track set is now this. @param at the dts where it comes in */
  announce(tracks: readonly Track[], at: number): void {
    for (const packager of this.#live) packager.announce(tracks, at);
  }

  /** The publisher has gone. */
  interrupt(): void {
    for (const packager of this.#live) packager.interrupt();
  }

  /** Closes readers without progress. @param now the scheduler's clock, microseconds */
  sweep(now: number): void {
    for (const packager of this.#live) packager.readers.sweep(now);
    for (const packager of this.#draining) packager.readers.sweep(now);
  }

  /** The one for this variant, made where there is none. @throws Refused `no-tracks` or `variants` */
  of(variant: Variant, { tracks, metadata, gop }: Packaged): Packager {
    const { stream, options, probe, observer, listener } = this.#init;
    const { format, selection, onePublication } = variant;
    const carried = (track: Track): boolean => format?.carries(track) !== false;
    const wanted = tracks.filter((track) => selects(selection, track) && carried(track));
    if (wanted.length === 0) throw new Refused("no-tracks", `${stream} has no track that was asked for`);
    const existing = this.#live.find((packager) => packager.serves(variant, wanted));
    if (existing !== undefined) return existing;
    const { length } = this.#live;
    if (length >= options.maxVariants) {
      throw new Refused("variants", `${stream} is packaged in ${length} variants, which is the limit`);
    }
    const init = {
      ...variant,
      metadata,
      stream,
      probe,
      options,
      onDirty: (dirty: Packager, urgent: boolean) => listener.dirty(dirty, urgent),
      onError: (error: unknown) => listener.fault(error),
      // What goes to another process is handed out there.
      onHandedOut: observer === undefined || onePublication ? undefined : observer.handedOut.bind(observer),
    };
    // Sound alone begins with the newest packet: a cached group of it would only be delay.
    const cached = wanted.some(({ kind }) => kind === "video") ? gop : [];
    const first = wanted.map(
      (track) => cached.find((packet) => packet.track.id === track.id)?.track ?? track,
    );
    let packager = new Packager({ ...init, tracks: first.every(carried) ? first : wanted });
    packager.fill(cached);
    // A configuration that changes within the group, in a format that cannot say so: begin after it.
    if (packager.ended !== undefined) packager = new Packager({ ...init, tracks: wanted });
    this.#live = [...this.#live, packager];
    return packager;
  }

  /** Feeds it no more. */
  retire(packager: Packager): void {
    this.#live = this.#live.filter((each) => each !== packager);
    if (packager.readers.size > 0) this.#draining.add(packager);
    else this.#draining.delete(packager);
  }

  /** Ends those that pass the stream on. */
  endRelays(reason: HubReason): void {
    for (const packager of this.#live) {
      if (!packager.onePublication) continue;
      this.retire(packager);
      packager.end(reason, false);
    }
  }

  /** @param abrupt at once; else each reader is given what is kept for it first */
  endAll(reason: HubReason, abrupt: boolean): void {
    for (const packager of this.#live) this.retire(packager);
    for (const packager of [...this.#draining]) packager.end(reason, abrupt);
  }
}

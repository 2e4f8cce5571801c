import { createEmitter, type Emitter } from "./emitter.js";
import type { StreamObserver } from "./observer.js";
import { HUB_DEFAULTS, type HubOptions } from "./options.js";
import type { Packager } from "./packager.js";
import type { Publisher, PublisherInit } from "./publisher.js";
import type { HubReason } from "./reason.js";
import { Refused } from "./refused.js";
import { Rounds } from "./rounds.js";
import type { Cancel, Scheduler } from "./scheduler.js";
import { Stream, type StreamListener } from "./stream.js";
import type { WorkProbe } from "./work.js";

const SWEEP_MS = 1000;
/** Who does not want to wait waits this long for what is live in another process, milliseconds. */
const ELSEWHERE_MS = 1000;

/** What the hub tells whoever listens. */
export interface HubEvents {
  /** A publisher was let in; its tracks are not known yet. */
  readonly publish: { readonly stream: Stream; readonly relayed: boolean };
  /** A stream's tracks were announced or have changed: readers can join. */
  readonly tracks: { readonly stream: Stream };
  /** A publisher has gone. */
  readonly unpublish: { readonly stream: Stream; readonly reason: string; readonly relayed: boolean };
}

/** Streams that other processes have. */
export interface Elsewhere {
  /** Whether one of them has a publisher for it. */
  has(name: string): boolean;
  /** Somebody here waits for it. */
  want(name: string): void;
}

/** Names to streams. A stream exists while it has a publisher or readers; nothing else keeps one. */
export class Hub {
  readonly options: HubOptions;
  readonly #scheduler: Scheduler;
  readonly #emitter: Emitter<HubEvents>;
  readonly #onError: (error: unknown) => void;
  readonly #elsewhere: Elsewhere | undefined;
  readonly #observe: ((name: string) => StreamObserver) | undefined;
  readonly #probe: WorkProbe;
  readonly #streams = new Map<string, Stream>();
  readonly #waiting = new Map<string, Set<(stream: Stream | undefined) => void>>();
  readonly #rounds: Rounds;
  readonly #cancelSweep: Cancel;
  #closed = false;

  /**
   * @param onError gets what a listener of an event, a sink or a muxer throws: never a peer's fault
   * @param observe makes who counts what a new stream does, where anybody counts
   * @param probe tells a profiler what is being worked at
   */
  constructor(
    options: Partial<HubOptions>,
    scheduler: Scheduler,
    onError: (error: unknown) => void,
    elsewhere?: Elsewhere,
    observe?: (name: string) => StreamObserver,
    probe: WorkProbe = { listener: undefined },
  ) {
    this.#onError = onError;
    this.#observe = observe;
    this.#elsewhere = elsewhere;
    this.#probe = probe;
    this.options = { ...HUB_DEFAULTS, ...options };
    this.#scheduler = scheduler;
    this.#emitter = createEmitter(onError);
    this.#rounds = new Rounds(scheduler, this.options.mergeMs);
    this.#cancelSweep = scheduler.every(SWEEP_MS, () => {
      const now = scheduler.now();
      for (const stream of this.#streams.values()) stream.sweep(now);
      // What could not be had when it was asked for may be by now.
      for (const name of this.#waiting.keys()) if (elsewhere?.has(name) === true) elsewhere.want(name);
    });
  }

  /** All streams, with or without a publisher at the moment. */
  get streams(): readonly Stream[] {
    return [...this.#streams.values()];
  }

  stream(name: string): Stream | undefined {
    return this.#streams.get(name);
  }

  /** Adds a listener and returns its removal. */
  on<K extends keyof HubEvents>(event: K, listener: (event: HubEvents[K]) => void): () => void {
    return this.#emitter.on(event, listener);
  }

  /** @throws Refused `busy` or `closed` */
  publish(name: string, init: PublisherInit = {}): Publisher {
    if (this.#closed) throw new Refused("closed", "the server is shutting down");
    this.#streams.get(name)?.makeWay();
    // Who was told of that end may have acted on it: look again.
    if (this.#closed) throw new Refused("closed", "the server is shutting down");
    let stream = this.#streams.get(name);
    if (stream === undefined) {
      const observer = this.#observe?.(name);
      const listener: StreamListener = {
        tracks: (changed: Stream) => this.#announced(changed),
        unpublish: (left: Stream, reason: string, relayed: boolean) =>
          this.#emitter.emit("unpublish", { stream: left, reason, relayed }),
        vacant: (empty: Stream) => {
          if (this.#streams.get(name) !== empty) return;
          this.#streams.delete(name);
          observer?.gone(empty.taken);
        },
        dirty: (packager: Packager, urgent: boolean) => this.#rounds.add(packager, urgent),
        fault: this.#onError,
      };
      stream = new Stream(name, this.options, this.#scheduler, listener, this.#probe, observer);
      this.#streams.set(name, stream);
    }
    const publisher = stream.publish(init);
    this.#emitter.emit("publish", { stream, relayed: publisher.relayed });
    return publisher;
  }

  /**
   * The stream once readers can join it; undefined when none came in time, the signal fired, or the hub has closed.
   *
   * @param timeoutMs how long to wait for a publisher, milliseconds; 0 waits only for one that another process has
   */
  async whenLive(name: string, timeoutMs: number, signal?: AbortSignal): Promise<Stream | undefined> {
    const present = this.#streams.get(name);
    if (present?.live === true) return present;
    if (this.#closed || signal?.aborted === true) return undefined;
    this.#elsewhere?.want(name);
    const waitMs = Math.max(timeoutMs, this.#elsewhere?.has(name) === true ? ELSEWHERE_MS : 0);
    if (waitMs <= 0) return undefined;
    return new Promise((resolve) => {
      const settle = (stream: Stream | undefined): void => {
        cancel();
        signal?.removeEventListener("abort", give);
        waiting.delete(settle);
        if (waiting.size === 0 && this.#waiting.get(name) === waiting) this.#waiting.delete(name);
        resolve(stream);
      };
      const give = (): void => settle(undefined);
      const waiting = this.#waiting.get(name) ?? new Set<(stream: Stream | undefined) => void>();
      this.#waiting.set(name, waiting);
      waiting.add(settle);
      const cancel = this.#scheduler.after(waitMs, give);
      signal?.addEventListener("abort", give);
    });
  }

  /** Whether readers can join this stream at once, here or by way of another process. */
  isLive(name: string): boolean {
    return this.#streams.get(name)?.live === true || this.#elsewhere?.has(name) === true;
  }

  /** Whether anybody here waits for this stream or reads it. */
  wants(name: string): boolean {
    return this.#waiting.has(name) || this.#streams.get(name)?.wanted === true;
  }

  /** Ends every publisher and reader, and refuses new ones. Idempotent. */
  close(reason: HubReason = "shutdown"): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const waiting of [...this.#waiting.values()]) {
      for (const settle of [...waiting]) settle(undefined);
    }
    for (const stream of this.streams) stream.close(reason);
    this.#cancelSweep();
    this.#rounds.stop();
  }

  #announced(stream: Stream): void {
    for (const settle of [...(this.#waiting.get(stream.name) ?? [])]) settle(stream);
    this.#emitter.emit("tracks", { stream });
  }
}

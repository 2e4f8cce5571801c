import type { Track } from "../media/model/track.js";
import type { Batch } from "./batch.js";
import type { Packager } from "./packager.js";
import type { HubReason } from "./reason.js";
import type { Scheduler } from "./scheduler.js";

/** Where a subscriber's batches go: a socket's writer, an iterator, a relay. */
export interface Sink {
  /** Takes the batch, or says `busy` and takes nothing: then it calls the subscriber's `resume` once it can again. */
  accept(batch: Batch): "ok" | "busy";
  /** What the subscriber missed because it was too far behind; a summary once it goes on. */
  dropped?(drop: Drop): void;
  /** Nothing follows. Called exactly once, and never from within `accept`. */
  end(reason: HubReason): void;
}

/** Frames that a reader did not get. */
export interface Drop {
  readonly frames: number;
  readonly bytes: number;
  /** Media time passed over, milliseconds. */
  readonly ms: number;
}

/** A reader of one variant: a cursor into its packager's batches. */
export class Subscriber {
  readonly #packager: Packager;
  readonly #sink: Sink;
  readonly #scheduler: Scheduler;
  readonly #onGone: (subscriber: Subscriber) => void;
  #state: "ready" | "behind" | "seeking" | "gone" = "seeking";
  /** The next batch it needs. */
  #cursor = 0;
  /** The configurations it has been told; undefined before the first. */
  #known: readonly Track[] | undefined;
  /** Bytes to go before the batch at the cursor. */
  #preamble: Batch | undefined;
  /** It has never caught up since it joined: it may be as far behind as the cache reaches. */
  #joining = true;
  #progressAt: number;
  /** The packager's running totals, and the dts, where this reader's last batch ended: what a gap is measured from. */
  #got = { frames: 0, bytes: 0, dts: 0 };
  #finishing: HubReason | undefined;
  #pumping = false;

  constructor(
    packager: Packager,
    sink: Sink,
    scheduler: Scheduler,
    onGone: (subscriber: Subscriber) => void,
  ) {
    this.#packager = packager;
    this.#sink = sink;
    this.#scheduler = scheduler;
    this.#onGone = onGone;
    this.#progressAt = scheduler.now();
  }

  /** Milliseconds of media between what it has been given and the newest. */
  get lagMs(): number {
    const { head } = this.#packager;
    const next = this.#state === "behind" ? this.#packager.at(this.#cursor) : undefined;
    return head === undefined || next === undefined ? 0 : (head.dts - next.dts) / 1000;
  }

  get ended(): boolean {
    return this.#state === "gone";
  }

  /** Starts, or goes on after a gap, at the batch `seq`; without one it waits for the next random access point. */
  begin(seq: number | undefined): void {
    if (seq === undefined) {
      this.#file("seeking");
      return;
    }
    this.#goTo(seq);
    this.#file("behind");
    this.#progressAt = this.#scheduler.now();
    this.#pump();
  }

  /** A new batch, to a reader that has had all before it. The whole cost of a viewer is in here. */
  deliver(batch: Batch): void {
    // A reader that joined from within this batch's own delivery has had it from the ring already.
    if (batch.seq < this.#cursor) return;
    if (this.#sink.accept(batch) === "ok") {
      if (batch.frames === 0) this.#known = batch.tracks;
      return;
    }
    this.#cursor = batch.seq;
    this.#got = {
      frames: batch.totalFrames - batch.frames,
      bytes: batch.totalBytes - batch.size,
      dts: batch.dts,
    };
    this.#progressAt = this.#scheduler.now();
    this.#file("behind");
  }

  /** The sink can take more. */
  resume(): void {
    if (this.#state === "behind") this.#pump();
  }

  /** Ends it once it has what is kept for it; at once if it is not behind. */
  finish(reason: HubReason): void {
    if (this.#state === "behind") this.#finishing ??= reason;
    else this.close(reason);
  }

  /** Ends it now. Idempotent. */
  close(reason: HubReason): void {
    if (this.#state === "gone") return;
    this.#file("gone");
    this.#preamble = undefined;
    this.#onGone(this);
    this.#sink.end(reason);
  }

  /** Closes it when its sink has taken nothing for too long. @param now the scheduler's clock, microseconds */
  checkProgress(now: number): void {
    if (now - this.#progressAt > this.#packager.options.stallTimeoutMs * 1000) this.close("too-slow");
  }

  #pump(): void {
    // A sink may call resume from within accept: the loop below goes on anyway.
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (this.#state === "behind" && this.#step());
    } finally {
      this.#pumping = false;
    }
  }

  /** Hands over one batch; false where it must wait. */
  #step(): boolean {
    if (this.#preamble !== undefined) {
      if (this.#sink.accept(this.#preamble) === "busy") return false;
      this.#known = this.#preamble.tracks;
      this.#preamble = undefined;
    }
    if (this.#cursor >= this.#packager.nextSeq) {
      this.#joining = false;
      if (this.#finishing !== undefined) this.close(this.#finishing);
      else this.#file("ready");
      return false;
    }
    const batch = this.#packager.at(this.#cursor);
    if (batch === undefined || this.#tooFarBehind(batch)) return this.#skip();
    if (this.#sink.accept(batch) === "busy") return false;
    if (batch.frames === 0) this.#known = batch.tracks;
    this.#progressAt = this.#scheduler.now();
    this.#got = { frames: batch.totalFrames, bytes: batch.totalBytes, dts: batch.dts };
    this.#cursor += 1;
    return true;
  }

  #tooFarBehind(next: Batch): boolean {
    const { head, options } = this.#packager;
    if (this.#joining || head === undefined) return false;
    return (
      head.dts - next.dts > options.maxLagMs * 1000 || head.totalBytes - next.totalBytes > options.maxLagBytes
    );
  }

  /** Passes over to the newest random access point ahead, or waits for the next one. */
  #skip(): boolean {
    const key = this.#packager.newestKey;
    if (key !== undefined && key > this.#cursor) {
      this.#goTo(key);
      return true;
    }
    if (this.#finishing !== undefined) this.close(this.#finishing);
    else this.#file("seeking");
    return false;
  }

  #goTo(seq: number): void {
    const batch = this.#packager.at(seq);
    if (batch !== undefined && this.#known !== undefined) {
      const frames = batch.totalFrames - batch.frames - this.#got.frames;
      const bytes = batch.totalBytes - batch.size - this.#got.bytes;
      if (frames > 0) this.#sink.dropped?.({ frames, bytes, ms: (batch.dts - this.#got.dts) / 1000 });
    }
    this.#cursor = seq;
    this.#preamble = this.#packager.preamble(seq, this.#known);
  }

  #file(state: "ready" | "behind" | "seeking" | "gone"): void {
    this.#state = state;
    this.#packager.file(this, state);
  }
}

import type { Batch } from "./batch.js";
import type { BatchRing } from "./batch-ring.js";
import type { HubReason } from "./reason.js";
import type { Subscriber } from "./subscriber.js";

/** Where a reader stands: it has had all, waits for its sink, waits for a random access point, or is no more. */
export type ReaderState = "ready" | "behind" | "seeking" | "gone";

/** So many readers are served between two looks at the clock. */
const READERS_A_LOOK = 16;

/**
 * Who counts is told of one batch in so many. What is counted lies somewhere else for each stream: with one viewer each,
 * fetching it from memory would cost more than that viewer's write.
 */
const TOLD_EVERY = 5;

/** A batch on its way to the readers that were ready for it. */
interface Round {
  readonly batch: Batch;
  /** Who has yet to get it. Who becomes ready in the meantime has had it from the ring, and says so. */
  readonly rest: IterableIterator<Subscriber>;
}

/** The readers of one packager, and the handing out of its batches to them. */
export class FanOut {
  readonly #ring: BatchRing;
  /** Readers by where they stand. The ready are the only ones that a new batch costs anything for. */
  readonly #readers = {
    ready: new Set<Subscriber>(),
    behind: new Set<Subscriber>(),
    seeking: new Set<Subscriber>(),
  };
  /** The next batch to hand out. */
  #sent = 0;
  #due = false;
  /** The first batch that does not belong to what is being handed out. */
  #until = 0;
  /** A batch whose readers were left for later. */
  #round: Round | undefined;
  /** Calls on the stack that may be inside some reader's sink. */
  #depth = 0;
  #ended: HubReason | undefined;
  #abrupt = false;

  readonly #onHandedOut: ((batch: Batch, now: number) => void) | undefined;
  /** Handed out, and to be told of; where that is left for long, the newest. */
  #untold: Batch | undefined;
  /** Batches until the next that is told of. */
  #untilTold = 0;

  /** @param onHandedOut told of one batch in TOLD_EVERY, once all readers have it that were ready */
  constructor(ring: BatchRing, onHandedOut?: (batch: Batch, now: number) => void) {
    this.#ring = ring;
    this.#onHandedOut = onHandedOut;
  }

  /** How many readers there are. */
  get size(): number {
    const { ready, behind, seeking } = this.#readers;
    return ready.size + behind.size + seeking.size;
  }

  /** Sequence number of the next batch to hand out. */
  get sent(): number {
    return this.#sent;
  }

  /** Whether the last flush has left something for later. */
  get inRound(): boolean {
    return this.#round !== undefined;
  }

  /** Counts all batches so far as handed out: they were there before the first reader. */
  skip(): void {
    this.#sent = this.#ring.nextSeq;
  }

  /** Moves a reader to where it stands now, or takes in a new one. */
  move(reader: Subscriber, from: Exclude<ReaderState, "gone">, to: ReaderState): void {
    this.#readers[from].delete(reader);
    if (to !== "gone") this.#readers[to].add(reader);
  }

  /** A reader is about to call its sink; until it leaves, nothing else is handed out and nobody is ended. */
  enter(): void {
    this.#depth += 1;
  }

  leave(): void {
    this.#depth -= 1;
    // Whoever left a round for later comes back for it, and for all that is due by then.
    if (this.#due && this.#round === undefined) this.#settle();
  }

  /**
   * Hands out what the ring has got since the last time; where a sink is being called, once that is over.
   *
   * @param pause asked now and then whether to leave the rest for later: then this is to be called again
   * @returns false where something was left
   */
  flush(pause?: () => boolean): boolean {
    this.#due = true;
    if (pause === undefined || this.#round === undefined) this.#until = this.#ring.nextSeq;
    return this.#settle(pause);
  }

  /** Tells what has been handed out. @param now the scheduler's clock, which whoever calls has read anyway */
  tell(now: number): void {
    const batch = this.#untold;
    if (batch === undefined) return;
    this.#untold = undefined;
    this.#onHandedOut?.(batch, now);
  }

  /**
   * Ends every reader, after the next flush's batches.
   *
   * @param abrupt at once; else a reader that is behind is given what is kept for it first
   */
  end(reason: HubReason, abrupt: boolean): void {
    if (this.#ended === undefined || abrupt) this.#ended = reason;
    if (abrupt) this.#abrupt = true;
  }

  /** Closes readers that have taken nothing for too long. @param now the scheduler's clock, microseconds */
  sweep(now: number): void {
    for (const reader of this.#readers.behind) reader.checkProgress(now);
  }

  #settle(pause?: () => boolean): boolean {
    while (this.#due && this.#depth === 0) {
      this.#due = false;
      this.#depth = 1;
      const done = this.#handOutAll(pause);
      this.#depth = 0;
      if (!done) {
        this.#due = true;
        return false;
      }
      const reason = this.#ended;
      if (reason === undefined) continue;
      const { ready, behind, seeking } = this.#readers;
      for (const reader of [...ready, ...behind, ...seeking]) {
        if (this.#abrupt) reader.close(reason);
        else reader.finish(reason);
      }
    }
    return true;
  }

  /** @returns false where it was left for later */
  #handOutAll(pause: (() => boolean) | undefined): boolean {
    for (;;) {
      this.#round ??= this.#nextRound();
      if (this.#round === undefined) return true;
      const { batch } = this.#round;
      if (!this.#handOut(this.#round, pause)) return false;
      this.#round = undefined;
      if (this.#onHandedOut !== undefined && batch.frames > 0 && this.#readers.ready.size > 0) {
        this.#untilTold -= 1;
        if (this.#untilTold < 0) {
          this.#untilTold = TOLD_EVERY - 1;
          this.#untold = batch;
        }
      }
    }
  }

  #nextRound(): Round | undefined {
    const until = this.#ended === undefined ? this.#until : this.#ring.nextSeq;
    const batch = this.#sent < until ? this.#ring.at(this.#sent) : undefined;
    if (batch === undefined) return undefined;
    this.#sent += 1;
    return { batch, rest: this.#readers.ready.values() };
  }

  #handOut({ batch, rest }: Round, pause: (() => boolean) | undefined): boolean {
    let served = 0;
    // A set's iterator goes on where a loop has left it.
    for (const reader of rest) {
      try {
        reader.deliver(batch);
      } catch (error) {
        reader.fail(error);
      }
      served += 1;
      if (served % READERS_A_LOOK === 0 && pause?.() === true) return false;
    }
    const { seeking } = this.#readers;
    if (batch.key && seeking.size > 0) for (const reader of [...seeking]) reader.begin(batch.seq);
    return true;
  }
}

import type { Track } from "../media/model/track.js";
import type { Batch } from "./batch.js";
import { canFollow, type Move } from "./move.js";
import type { Cancel, Scheduler } from "./scheduler.js";
import type { Subscriber } from "./subscriber.js";

/** A reader that is to go on in another stream waits this long for the key frame there, milliseconds; */
const MAX_WAIT_MS = 2_000;
/** and no longer than for this share of the lag that it may have. */
const WAIT_SHARE = 0.5;

/** Where a reader is to go on in another packager, until it has, or stays. */
export class Crossing {
  readonly #reader: Subscriber;
  readonly #scheduler: Scheduler;
  #move: Move | undefined;
  /** While it waits for the key frame there: ends that. */
  #endWait: Cancel | undefined;

  constructor(reader: Subscriber, scheduler: Scheduler) {
    this.#reader = reader;
    this.#scheduler = scheduler;
  }

  /** What has been asked of it; undefined while it is to stay where it is. */
  get move(): Move | undefined {
    return this.#move;
  }

  /** Whether it waits for the other stream to come up to it. */
  get waits(): boolean {
    return this.#endWait !== undefined;
  }

  /** Takes the place of what was asked before. */
  ask(move: Move): void {
    const [before, endWait] = [this.#move, this.#endWait];
    this.#move = move;
    this.#endWait = undefined;
    move.packager.expect(this.#reader);
    // Only then, as it may be the same packager: nobody wanting it for a moment would be its end.
    if (before !== undefined) this.#abandon(before, endWait);
  }

  /** Nothing is asked of it any more. */
  giveUp(): void {
    const [move, endWait] = [this.#move, this.#endWait];
    this.#move = undefined;
    this.#endWait = undefined;
    if (move !== undefined) this.#abandon(move, endWait);
  }

  /**
   * The batch to go on with in place of this one, which begins with a key frame; undefined to stay.
   *
   * @param known the configurations that the reader has been told
   */
  wayAt(batch: Batch, known: readonly Track[], maxLagMs: number): Batch | "wait" | undefined {
    const move = this.#move;
    if (move === undefined) return undefined;
    const found = move.find(batch);
    if (found === "wait") {
      const limitMs = Math.min(MAX_WAIT_MS, WAIT_SHARE * maxLagMs);
      this.#endWait ??= this.#scheduler.after(limitMs, () => this.#reader.stay());
      return "wait";
    }
    this.#endWait?.();
    this.#endWait = undefined;
    if (found === undefined || canFollow(move.packager.variant.format, known, found.tracks)) return found;
    this.#reader.stay();
    return undefined;
  }

  /** It goes over. @returns what was asked of it */
  take(): Move | undefined {
    const move = this.#move;
    this.#move = undefined;
    move?.packager.unexpect(this.#reader);
    return move;
  }

  #abandon(move: Move, endWait: Cancel | undefined): void {
    if (this.#move?.packager !== move.packager) move.packager.unexpect(this.#reader);
    move.abandoned(this.#reader);
    if (endWait === undefined) return;
    endWait();
    this.#scheduler.defer(() => this.#reader.resume());
  }
}

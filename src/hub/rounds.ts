import { Pace } from "./pace.js";
import type { Packager } from "./packager.js";
import type { Cancel, Scheduler } from "./scheduler.js";

/** Timers count milliseconds: a shorter wait is none. */
const SHORTEST_WAIT_MICROS = 1000;
/**
 * Batches are handed out for so long at a time; then whoever has come is let in and publishers are read. With thousands
 * of viewers a round takes tens of milliseconds, and a newcomer would wait for its end more than once. But letting one in
 * costs as much as a key frame for thirty viewers: after each two milliseconds, a crowd of newcomers made key frames take
 * twice as long for all who watched.
 */
const SLICE_MICROS = 12_000;

/** Hands out, in rounds, what packagers have: says when one begins, and how much of it is done at a time. */
export class Rounds {
  readonly #scheduler: Scheduler;
  readonly #mergeMicros: number;
  readonly #pace = new Pace();
  /** Whose batches belong to the next round, and whether any of them is waited for. */
  readonly #due = new Set<Packager>();
  #urgent = false;
  /** When that one begins, the scheduler's clock, and how to call that off; undefined while none is planned. */
  #plan: { readonly at: number; readonly cancel: Cancel } | undefined;
  /** Whose batches are to be passed on, each with how to call that off. */
  readonly #passing = new Map<Packager, Cancel>();
  /** Who is being handed out, the present one first, and what that has taken so far, microseconds. */
  #round: { readonly packagers: Packager[]; took: number } | undefined;
  #stopped = false;

  /** @param mergeMs how long the operator wants packets to gather; 0 for the end of the turn */
  constructor(scheduler: Scheduler, mergeMs: number) {
    this.#scheduler = scheduler;
    this.#mergeMicros = mergeMs * 1000;
  }

  /**
   * This packager has something to hand out.
   *
   * @param urgent whether readers wait for it; else it may go with the next that is
   */
  add(packager: Packager, urgent: boolean): void {
    if (this.#stopped) return;
    if (packager.onePublication) {
      this.#passOn(packager, urgent);
      return;
    }
    this.#due.add(packager);
    this.#urgent ||= urgent;
    if (this.#round === undefined) this.#schedule();
  }

  /** Hands out nothing more. */
  stop(): void {
    this.#stopped = true;
    this.#plan?.cancel();
    this.#plan = undefined;
    this.#due.clear();
    this.#round = undefined;
    for (const cancel of this.#passing.values()) cancel();
    this.#passing.clear();
  }

  /**
   * Whoever passes it on is one for many, who gather by themselves: for them there is no rest, which would only add up.
   * But sound that waits for its picture here waits for it there too: each message less is two processes left asleep.
   */
  #passOn(packager: Packager, urgent: boolean): void {
    this.#passing.get(packager)?.();
    const flush = (): void => {
      this.#passing.delete(packager);
      packager.flush();
    };
    this.#passing.set(packager, this.#after(urgent ? 0 : this.#pace.patience, flush));
  }

  #schedule(): void {
    const now = this.#scheduler.now();
    const company = this.#urgent ? 0 : this.#pace.patience;
    const wait = Math.max(this.#mergeMicros, this.#pace.wait(now), company);
    if (this.#plan !== undefined) {
      if (this.#plan.at <= now + wait) return;
      this.#plan.cancel();
    }
    this.#plan = { at: now + wait, cancel: this.#after(wait, this.#begin) };
  }

  #after(wait: number, task: () => void): Cancel {
    if (wait >= SHORTEST_WAIT_MICROS) return this.#scheduler.after(Math.round(wait / 1000), task);
    let called = true;
    this.#scheduler.defer(() => {
      if (called) task();
    });
    return () => {
      called = false;
    };
  }

  readonly #begin = (): void => {
    this.#plan = undefined;
    // Readers act on what they get, and may make a packager due again: that belongs to the next round.
    this.#round = { packagers: [...this.#due], took: 0 };
    this.#due.clear();
    this.#urgent = false;
    this.#handOut();
  };

  /** One slice of a round. */
  readonly #handOut = (): void => {
    const round = this.#round;
    if (round === undefined) return;
    const beganAt = this.#scheduler.now();
    let read = beganAt;
    const pause = (): boolean => {
      read = this.#scheduler.now();
      return read - beganAt > SLICE_MICROS;
    };
    let done = 0;
    for (const packager of round.packagers) {
      if (!packager.flush(pause)) break;
      done += 1;
      const over = pause();
      packager.readers.tell(read);
      if (over) break;
    }
    round.packagers.splice(0, done);
    const now = this.#scheduler.now();
    round.took += now - beganAt;
    if (round.packagers.length > 0) {
      this.#scheduler.defer(this.#handOut);
      return;
    }
    this.#round = undefined;
    this.#pace.round(round.took, now);
    if (this.#due.size > 0) this.#schedule();
  };
}

import type { HubOptions } from "./options.js";

/** A reader whose transport held too much goes on once this share of the bound is left. */
const RESUME_SHARE = 0.5;

/** What is seen of a reader's transport at a moment. */
export interface TransportLook {
  /** Bytes that have not reached the peer. */
  readonly queued: number;
  /** Bytes that have, since it began. */
  readonly arrived: number;
  /** The scheduler's clock, microseconds. */
  readonly now: number;
  /** How much media of its stream is in a byte, microseconds. */
  readonly mediaMicrosPerByte: number;
  /** Media that it has yet to be given, milliseconds. */
  readonly waitingMs: number;
  /** Whether it is in a state to be held back. */
  readonly canHold: boolean;
}

/**
 * What is to become of the reader; undefined to go on as before.
 *
 * - `stuck`: nothing has reached its peer for too long
 * - `hold`: from now on it gets nothing more
 * - `held`: still not
 * - `go-on`: it gets more again
 */
export type Verdict = "stuck" | "hold" | "held" | "go-on" | undefined;

/**
 * What a reader's transport holds of the bytes that its sink took: how much media that is, how fast they get away, and
 * whether it is too much.
 */
export class TransportHold {
  /** It holds so much for its reader that this one gets no more until that is out. */
  held = false;
  /** What it held last, as media time, microseconds. */
  heldMicros = 0;
  /** How long a byte takes to reach the peer while there are some to go, microseconds; 0 while nothing is known of it. */
  microsPerByte = 0;
  /** When bytes last reached the peer, the scheduler's clock. */
  movedAt: number;
  /** Bytes that had reached the peer when it was last looked at, when that was, and whether there were more to come. */
  #arrived = Number.NEGATIVE_INFINITY;
  #observedAt = 0;
  #wasQueued = false;
  /** When its reader began, the scheduler's clock; undefined once what that got to begin with has arrived. */
  #freshSince: number | undefined;

  /** @param now the scheduler's clock, microseconds */
  constructor(now: number) {
    this.movedAt = now;
    this.#freshSince = now;
  }

  /** What has reached the peer lately, bits per second; undefined where that was all there is, or nobody tells. */
  get deliveredBitrate(): number | undefined {
    return this.#wasQueued && this.microsPerByte > 0 ? 8e6 / this.microsPerByte : undefined;
  }

  observe(look: TransportLook, { maxLagMs, maxLagBytes, stallTimeoutMs }: HubOptions): Verdict {
    const { queued, now } = look;
    this.#measure(look);
    if (now - this.movedAt > stallTimeoutMs * 1000) return "stuck";
    // What a peer reads at a quarter of the stream's rate comes four times as late as it is long.
    this.heldMicros = queued * Math.max(look.mediaMicrosPerByte, this.microsPerByte);
    const heldMs = this.heldMicros / 1000;
    if (this.held) {
      if (Math.max(heldMs / maxLagMs, queued / maxLagBytes) > RESUME_SHARE) return "held";
      this.held = false;
      return "go-on";
    }
    const share = Math.max((look.waitingMs + heldMs) / maxLagMs, queued / maxLagBytes);
    if (share <= 1) {
      this.#freshSince = undefined;
      return undefined;
    }
    // Who has just joined was given a group of pictures at once, and takes its time over it.
    if (this.#freshSince !== undefined && now - this.#freshSince <= stallTimeoutMs * 1000) return undefined;
    this.held = look.canHold;
    return look.canHold ? "hold" : undefined;
  }

  #measure({ queued, arrived, now }: TransportLook): void {
    // A sink that takes is no progress where the transport only piles it up.
    if (arrived > this.#arrived || queued === 0) this.movedAt = now;
    // A peer that gets nothing at all says nothing of its rate: how much waits for it bounds that one.
    if (this.#wasQueued && arrived > this.#arrived) {
      const sample = (now - this.#observedAt) / (arrived - this.#arrived);
      this.microsPerByte = this.microsPerByte === 0 ? sample : (this.microsPerByte + sample) / 2;
    }
    this.#arrived = Math.max(arrived, this.#arrived);
    this.#observedAt = now;
    this.#wasQueued = queued > 0;
  }
}

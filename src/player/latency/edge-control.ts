import type { Arrivals } from "./arrivals.js";
import { type Range, rangeAt } from "./ranges.js";

/** Where playback is, in seconds on the media element's clock. */
export interface Playhead {
  readonly currentTime: number;
  /** The element's buffered ranges in order. */
  readonly ranges: readonly Range[];
  readonly rate: number;
}

export interface EdgeLimits {
  /** A fixed target instead of one that follows the jitter, milliseconds. */
  readonly targetLatencyMs?: number | undefined;
  /** Further behind than this it jumps; by default what cannot be made up for in three seconds, milliseconds. */
  readonly maxLatencyMs?: number | undefined;
}

/** What to do about it. */
export interface Correction {
  /** Where to jump, seconds; undefined to stay. */
  readonly seekTo: number | undefined;
  readonly rate: number;
}

/** Faster than real time by no more than this: the pitch is kept and hardly anyone notices. */
const FASTEST = 1.1;
/** Slower makes room for jitter that has grown. */
const SLOWEST = 0.95;
/**
 * Kept beyond the jitter, milliseconds: for decoding, and for the sound, which Chromium wants so much ahead of that it
 * stands still for 300 ms and more once it has run out.
 */
const MARGIN_MS = 120;
const MAX_TARGET_MS = 2000;
/** Off by less than this it lets be, and stops correcting at a third of it, milliseconds. */
const DEAD_BAND_MS = 30;
/** This far off it corrects at full speed, milliseconds. */
const FULL_SPEED_MS = 60;
/** What it makes up for by rate within three seconds: beyond that it jumps, milliseconds. */
const CHASE_MS = 300;
/** It jumps only when it has been that far behind for so long: a SourceBuffer takes its time, milliseconds. */
const PATIENCE_MS = 200;
/** Having run out of media asks for so much more, which is given up again in the time after, milliseconds. */
const UNDERRUN_MS = 60;
const MAX_UNDERRUN_MS = 500;
const FORGIVEN_MS_PER_S = 6;
/** Running out again so soon is the same trouble, of a network that is too slow: more delay is no help, milliseconds. */
const SAME_TROUBLE_MS = 5000;
/** With less than this ahead in its range, the playhead is about to stand still there, seconds. */
const NEARLY_OUT = 0.1;
/** When it runs out of media, Chromium's clock goes on for a moment: only further than this it is somewhere else. */
const OVERRUN = 1;

/**
 * Keeps playback near the live edge. Its target is what the jitter of the arrivals asks for; near it playback goes on
 * as it is, off it it hurries (at most 1.1 times) or dawdles, and far behind or at a gap it jumps. Pure: it is told
 * the time, and only its corrections change anything.
 */
export class EdgeControl {
  readonly #limits: EdgeLimits;
  #correcting = false;
  #behindSince: number | undefined;
  #penalty = 0;
  #penaltyAt = 0;
  #delayMs = 0;
  #targetMs = 0;

  constructor(limits: EdgeLimits) {
    this.#limits = limits;
  }

  /** From what is shown to the live edge, milliseconds, as of the last decision. */
  get delayMs(): number {
    return this.#delayMs;
  }

  /** What it aims at, milliseconds. */
  get targetMs(): number {
    return this.#targetMs;
  }

  /** Playback has run out of media at the edge. @param now milliseconds */
  underrun(now: number): void {
    if (now - this.#penaltyAt < SAME_TROUBLE_MS) return;
    this.#penalty = Math.min(this.#penaltyNow(now) + UNDERRUN_MS, MAX_UNDERRUN_MS);
    this.#penaltyAt = now;
  }

  /**
   * @param arrivals undefined while nothing came
   * @param now milliseconds since the Unix epoch
   */
  decide(head: Playhead, arrivals: Arrivals | undefined, now: number): Correction {
    const newest = head.ranges[head.ranges.length - 1];
    if (newest === undefined || arrivals === undefined) return { seekTo: undefined, rate: 1 };
    this.#targetMs =
      this.#limits.targetLatencyMs ??
      Math.min(arrivals.jitterMs + MARGIN_MS + this.#penaltyNow(now), MAX_TARGET_MS);
    const aheadMs = 1000 * (newest.end - head.currentTime);
    const edge = now - arrivals.base;
    this.#delayMs = edge - 1000 * head.currentTime;
    const range = rangeAt(head.ranges, head.currentTime);
    const next = head.ranges.find(({ start }) => start > head.currentTime);
    if (next !== undefined && (range === undefined || range.end - head.currentTime < NEARLY_OUT)) {
      return this.#jump(next.start);
    }
    const live = Math.max(newest.start, newest.end - this.#targetMs / 1000);
    // Ahead of everything: the stream began anew, earlier on this clock.
    if (head.currentTime > newest.end + OVERRUN) return this.#jump(live);
    const limit = this.#limits.maxLatencyMs ?? this.#targetMs + CHASE_MS;
    // What has not arrived cannot be jumped to: only what lies ahead counts.
    if (aheadMs > limit && this.#isPatienceOver(now) && !arrivals.burst) return this.#jump(live);
    if (aheadMs <= limit) this.#behindSince = undefined;
    return { seekTo: undefined, rate: this.#rate(aheadMs) };
  }

  /** Where playback begins when the cached media is in: near the edge, its pictures decoded but not played. */
  startAt(ranges: readonly Range[], arrivals: Arrivals): number | undefined {
    const newest = ranges[ranges.length - 1];
    if (newest === undefined) return undefined;
    const targetMs = this.#limits.targetLatencyMs ?? arrivals.jitterMs + MARGIN_MS;
    return Math.max(newest.start, newest.end - targetMs / 1000);
  }

  #jump(seekTo: number): Correction {
    this.#behindSince = undefined;
    this.#correcting = false;
    return { seekTo, rate: 1 };
  }

  #isPatienceOver(now: number): boolean {
    this.#behindSince ??= now;
    return now - this.#behindSince >= PATIENCE_MS;
  }

  #rate(aheadMs: number): number {
    const off = this.#delayMs - this.#targetMs;
    const band = this.#correcting ? DEAD_BAND_MS / 3 : DEAD_BAND_MS;
    this.#correcting = Math.abs(off) > band;
    if (!this.#correcting) return 1;
    // After an outage the edge is where nothing has come yet: hurrying there would only run dry.
    if (off > 0 && aheadMs < this.#targetMs / 2) return 1;
    const share = Math.min(1, Math.abs(off) / FULL_SPEED_MS);
    const rate = off > 0 ? 1 + (FASTEST - 1) * share : 1 - (1 - SLOWEST) * share;
    // In steps, so that the element is not told anew each time.
    return Math.round(rate * 100) / 100;
  }

  #penaltyNow(now: number): number {
    return Math.max(0, this.#penalty - ((now - this.#penaltyAt) / 1000) * FORGIVEN_MS_PER_S);
  }
}

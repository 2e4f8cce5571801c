import type { Arrivals } from "../latency/arrivals.js";

/** Kept beyond the jitter for decoding and for the screen's next refresh, milliseconds. */
const MARGIN_MS = 40;
const MAX_TARGET_MS = 2000;
/** Off by less than this it lets be, milliseconds. */
const DEAD_BAND_MS = 12;
/** Further off than this it jumps, milliseconds. */
const JUMP_MS = 300;
/** At most so much faster and slower than real time. */
const FASTER = 0.1;
const SLOWER = 0.05;

/**
 * Which moment of the media belongs on the screen: the wall clock less the edge's distance and the target delay. It
 * glides towards the target as a playback rate would, and jumps where that would take long. Pure: time is an argument,
 * milliseconds everywhere.
 */
export class PlayClock {
  readonly #fixedTargetMs: number | undefined;
  /** Wall clock less media clock. */
  #offset: number | undefined;
  #adjustedAt = 0;
  #gliding = false;
  #targetMs = 0;
  #delayMs = 0;
  #rate = 1;
  #jumps = 0;

  constructor(fixedTargetMs: number | undefined) {
    this.#fixedTargetMs = fixedTargetMs;
  }

  get targetMs(): number {
    return this.#targetMs;
  }

  /** Behind the live edge, as of the last adjustment. */
  get delayMs(): number {
    return this.#delayMs;
  }

  get rate(): number {
    return this.#rate;
  }

  get jumps(): number {
    return this.#jumps;
  }

  /** The media's clock was set anew. */
  restart(): void {
    this.#offset = undefined;
    this.#rate = 1;
  }

  /** The moment of the media that is due; undefined before anything has come. */
  at(now: number): number | undefined {
    return this.#offset === undefined ? undefined : now - this.#offset;
  }

  adjust(arrivals: Arrivals, now: number): void {
    this.#targetMs = this.#fixedTargetMs ?? Math.min(arrivals.jitterMs + MARGIN_MS, MAX_TARGET_MS);
    const wanted = arrivals.base + this.#targetMs;
    const elapsed = Math.max(0, now - this.#adjustedAt);
    this.#adjustedAt = now;
    const off = wanted - (this.#offset ?? wanted);
    if (this.#offset === undefined || arrivals.burst || Math.abs(off) > JUMP_MS) {
      if (this.#offset !== undefined && !arrivals.burst) this.#jumps += 1;
      this.#offset = wanted;
      this.#gliding = false;
      this.#rate = 1;
    } else {
      this.#gliding = Math.abs(off) > (this.#gliding ? DEAD_BAND_MS / 4 : DEAD_BAND_MS);
      const step = this.#gliding ? Math.max(-FASTER * elapsed, Math.min(SLOWER * elapsed, off)) : 0;
      this.#offset += step;
      this.#rate = elapsed > 0 ? 1 - step / elapsed : 1;
    }
    this.#delayMs = this.#offset - arrivals.base;
  }
}

import { MICROS_PER_SECOND } from "../../model/time.js";
import type { VideoTrack } from "../../model/track.js";

/** max_num_reorder_frames goes up to here (ITU-T H.264 section E.2.1). */
const MAX_DEPTH = 16;
/** AVC's parameter sets are believed up to here: larger numbers are mostly inferred from the level, for want of a VUI. */
const MAX_BELIEVED_DEPTH = 2;
const DEFAULT_FRAME_MICROS = 33_333;
/** A step of more than this is a jump of the source's clock: nothing is reordered over it. */
const JUMP_MICROS = 1_000_000;

/**
 * Finds out when pictures are to be decoded: RTP tells only when they are shown, and comes in decoding order.
 *
 * With pictures that wait for at most n others, the decode time of a picture is the smallest of the n + 1 largest
 * presentation times so far: it never falls, and is not after its picture's. What n is the parameter sets say, where
 * they do; beyond that it shows by what comes, and the first picture that shows it has a decode time after its own.
 */
export class DecodeTimes {
  #depth = 0;
  /** The largest presentation times so far, ascending; at most depth + 1. */
  #largest: number[] = [];
  #last: number | undefined;

  /** @param pts microseconds @returns the decode time, microseconds; it falls only where the source's clock jumps back */
  next(pts: number, { codec, config }: VideoTrack): number {
    const { reorderDepth = 0, frameRate } = config;
    if (codec === "hevc" || reorderDepth <= MAX_BELIEVED_DEPTH) {
      this.#depth = Math.max(this.#depth, Math.min(reorderDepth, MAX_DEPTH));
    }
    const last = this.#last;
    if (last !== undefined && Math.abs(pts - last) > JUMP_MICROS) this.#jump(pts, last);
    const at = this.#largest.findIndex((other) => other > pts);
    this.#largest.splice(at < 0 ? this.#largest.length : at, 0, pts);
    // Decoding it before the one that came before it is what it would have taken.
    const late = this.#last !== undefined && pts < this.#last;
    if (late && at === 0 && this.#largest.length > this.#depth + 1 && this.#depth < MAX_DEPTH)
      this.#depth += 1;
    while (this.#largest.length > this.#depth + 1) this.#largest.shift();
    // At the beginning fewer are known than it takes: as many frames earlier as are missing.
    const missing = this.#depth + 1 - this.#largest.length;
    const frame = frameRate === undefined ? DEFAULT_FRAME_MICROS : MICROS_PER_SECOND / frameRate;
    const dts = (this.#largest[0] as number) - Math.round(missing * frame);
    this.#last = this.#last === undefined ? dts : Math.max(this.#last, dts);
    return this.#last;
  }

  #jump(pts: number, last: number): void {
    this.#largest = [];
    if (pts < last) this.#last = undefined;
  }
}

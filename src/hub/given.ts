import type { Batch } from "./batch.js";
import type { Drop } from "./sink.js";

/** Where what a reader has been given ends, in its packager's totals: what a gap is measured from. */
export class Given {
  /** Of the last batch that it was given, or was to be given. */
  dts = 0;
  /** It has been given a place to start from: what it misses after that is a drop. */
  begun = false;
  #frames = 0;
  #bytes = 0;
  #cause: Drop["cause"] = "sink";

  /** All up to this batch, and not this one. */
  before({ totalFrames, frames, totalBytes, size, dts }: Batch): void {
    this.upTo(totalFrames - frames, totalBytes - size, dts);
  }

  /** All up to this batch, and this one. */
  with({ totalFrames, totalBytes, dts }: Batch): void {
    this.upTo(totalFrames, totalBytes, dts);
  }

  upTo(frames: number, bytes: number, dts: number): void {
    this.#frames = frames;
    this.#bytes = bytes;
    this.dts = dts;
  }

  /** The next drop has this cause. */
  blame(cause: Drop["cause"]): void {
    this.#cause = cause;
  }

  /** Goes on counting from these totals. @returns what lay between; undefined where nothing did, or it had yet to begin */
  passOver(frames: number, bytes: number, dts: number): Drop | undefined {
    const drop: Drop = {
      cause: this.#cause,
      frames: frames - this.#frames,
      bytes: bytes - this.#bytes,
      ms: Math.max(0, dts - this.dts) / 1000,
    };
    this.upTo(frames, bytes, dts);
    if (!this.begun || drop.frames <= 0) return undefined;
    this.#cause = "sink";
    return drop;
  }
}

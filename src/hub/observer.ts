import type { Batch } from "./batch.js";

/** Who counts what one stream does: called for a batch in five and for a group of pictures, never for each reader. */
export interface StreamObserver {
  /** A batch, one in five, has been handed to all readers that were ready for it. @param now the scheduler's clock, microseconds */
  handedOut(batch: Batch, now: number): void;
  /** A group of pictures is complete. @param micros from its key frame to the next, microseconds */
  group(micros: number): void;
  /** Nothing follows. @param taken packets and payload bytes taken in from publishers of this process, in all */
  gone(taken: { readonly packets: number; readonly bytes: number }): void;
}

import type { Batch } from "./batch.js";
import { type HubOptions, OBJECT_BYTES } from "./options.js";

/**
 * The batches of one packager that a reader may still need, in one place for all of them: what all slow readers
 * together can hold in memory is bounded by it.
 */
export class BatchRing {
  readonly #options: HubOptions;
  readonly #batches: Batch[] = [];
  #nextSeq = 0;
  #newestKey: Batch | undefined;

  constructor(options: HubOptions) {
    this.#options = options;
  }

  /** The newest batch, undefined before the first. */
  get head(): Batch | undefined {
    return this.#batches[this.#batches.length - 1];
  }

  /** Media time per byte over what is kept, microseconds; 0 while that is one batch, whose length is not known. */
  get microsPerByte(): number {
    const [first] = this.#batches;
    const { head } = this;
    if (first === undefined || head === undefined) return 0;
    const bytes = head.totalBytes - head.size - (first.totalBytes - first.size);
    return bytes > 0 ? (head.dts - first.dts) / bytes : 0;
  }

  /** Sequence number of the next batch. */
  get nextSeq(): number {
    return this.#nextSeq;
  }

  /** The newest batch that begins with a random access point, undefined where none is kept. */
  get newestKey(): Batch | undefined {
    return this.#newestKey;
  }

  /** Where a new reader begins: the same, if it is within the bounds of the cached group of pictures. */
  get cachedKey(): Batch | undefined {
    const { gopCacheMs, gopCacheBytes } = this.#options;
    const key = this.#newestKey;
    const { head } = this;
    if (key === undefined || head === undefined || gopCacheMs <= 0) return undefined;
    const fits = head.dts - key.dts <= gopCacheMs * 1000 && head.totalBytes - key.totalBytes <= gopCacheBytes;
    return fits ? key : undefined;
  }

  /** The batch that begins with the key frame of this dts, undefined where none is kept. It looks at all: no hot path. */
  keyAt(dts: number): Batch | undefined {
    return this.#batches.findLast((batch) => batch.key && batch.dts === dts);
  }

  /** The batch with this sequence number, undefined where it is not kept (any more, or yet). */
  at(seq: number): Batch | undefined {
    return this.#batches[seq - (this.#nextSeq - this.#batches.length)];
  }

  /** @param sent batches from this sequence number on have not been handed out: they are kept whatever their size */
  push(batch: Batch, sent: number): void {
    this.#nextSeq = batch.seq + 1;
    this.#batches.push(batch);
    if (batch.key) this.#newestKey = batch;
    this.#trim(batch, sent);
  }

  /** Nobody begins any more with what it holds; who is in the middle of it goes on. */
  forgetKey(): void {
    this.#newestKey = undefined;
  }

  /**
   * Forgets what nobody may need: batches before the newest random access point once they are over the lag bound, and
   * that one too when its group of pictures outgrows the cache's bound (who joins then waits for the next).
   */
  #trim(head: Batch, sent: number): void {
    const { maxLagMs, maxLagBytes, gopCacheMs, gopCacheBytes } = this.#options;
    let drop = 0;
    for (const batch of this.#batches) {
      if (batch.seq >= sent || batch === head) break;
      const cached = this.#newestKey !== undefined && batch.seq >= this.#newestKey.seq;
      const maxMicros = 1000 * (cached ? Math.max(maxLagMs, gopCacheMs) : maxLagMs);
      const maxBytes = cached ? Math.max(maxLagBytes, gopCacheBytes) : maxLagBytes;
      const objects = head.seq - batch.seq + head.totalFrames - batch.totalFrames;
      const bytes = head.totalBytes - batch.totalBytes + OBJECT_BYTES * objects;
      if (head.dts - batch.dts <= maxMicros && bytes <= maxBytes) break;
      if (batch === this.#newestKey) this.#newestKey = undefined;
      drop += 1;
    }
    if (drop > 0) this.#batches.splice(0, drop);
  }
}

import { BoundedMap } from "./bounded-map.js";

/** How often something may be done, for each of many. */
export interface RateLimiterInit {
  readonly perSecond: number;
  /** How much may come at once after a rest. */
  readonly burst: number;
  /** Keys that are remembered; over it the one that was seen first is forgotten. */
  readonly maxKeys: number;
}

interface Bucket {
  tokens: number;
  /** When they were counted, microseconds. */
  at: number;
}

/** A token bucket for each key, in a bounded table. Time is an argument, in microseconds. */
export class RateLimiter {
  readonly #init: RateLimiterInit;
  readonly #buckets: BoundedMap<Bucket>;

  constructor(init: RateLimiterInit) {
    this.#init = init;
    this.#buckets = new BoundedMap(init.maxKeys);
  }

  /** Keys that are remembered. */
  get size(): number {
    return this.#buckets.size;
  }

  /** Whether it may be done now; then it counts. */
  take(key: string, now: number): boolean {
    const bucket = this.#bucket(key, now);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  /** Has what was done count for more, once it turns out to have been worse; to the next ones' cost. */
  charge(key: string, tokens: number, now: number): void {
    const bucket = this.#bucket(key, now);
    bucket.tokens = Math.max(0, bucket.tokens - tokens);
  }

  /** Forgets who has rested long enough to be as good as new. */
  sweep(now: number): void {
    for (const [key, bucket] of this.#buckets) {
      if (this.#filled(bucket, now) >= this.#init.burst) this.#buckets.delete(key);
    }
  }

  #bucket(key: string, now: number): Bucket {
    const known = this.#buckets.get(key);
    if (known !== undefined) {
      known.tokens = this.#filled(known, now);
      known.at = now;
      return known;
    }
    const bucket = { tokens: this.#init.burst, at: now };
    this.#buckets.set(key, bucket);
    return bucket;
  }

  #filled({ tokens, at }: Bucket, now: number): number {
    return Math.min(this.#init.burst, tokens + ((now - at) / 1_000_000) * this.#init.perSecond);
  }
}

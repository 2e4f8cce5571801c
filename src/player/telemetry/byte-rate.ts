/** How fast bytes come in, over the last moments. */
export class ByteRate {
  readonly #windowMs: number;
  readonly #recent: { readonly at: number; readonly bytes: number }[] = [];
  #recentBytes = 0;
  #total = 0;
  #since: number;

  /** @param now milliseconds, as in the other calls: any clock that does not go back */
  constructor(windowMs: number, now: number) {
    this.#windowMs = windowMs;
    this.#since = now;
  }

  /** All bytes so far. */
  get total(): number {
    return this.#total;
  }

  add(bytes: number, now: number): void {
    this.#total += bytes;
    this.#recentBytes += bytes;
    this.#recent.push({ at: now, bytes });
    this.#forget(now);
  }

  /** Begins anew: what came before a pause between connections says nothing about the stream. */
  restart(now: number): void {
    this.#recent.length = 0;
    this.#recentBytes = 0;
    this.#since = now;
  }

  /** Bits per second over the window, or since the beginning where that is shorter; 0 in the first quarter of it. */
  bitsPerSecond(now: number): number {
    this.#forget(now);
    const span = Math.min(this.#windowMs, now - this.#since);
    return span < this.#windowMs / 4 ? 0 : (8000 * this.#recentBytes) / span;
  }

  #forget(now: number): void {
    let old = 0;
    for (const { at, bytes } of this.#recent) {
      if (at > now - this.#windowMs) break;
      this.#recentBytes -= bytes;
      old += 1;
    }
    if (old > 0) this.#recent.splice(0, old);
  }
}

/** A map that holds so many and no more: over it the one that was put in first is forgotten. */
export class BoundedMap<V> {
  readonly #max: number;
  readonly #map = new Map<string, V>();
  /**
   * Stays where it is: a new one would pass, each time, over the places of all that were forgotten before. What lies
   * behind it is gone, and what is put in comes at the end.
   */
  #oldest = this.#map.keys();

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#map.size;
  }

  get(key: string): V | undefined {
    return this.#map.get(key);
  }

  /** Puts it in, in the place that it has where it is there already. */
  set(key: string, value: V): void {
    if (this.#map.size >= this.#max && !this.#map.has(key)) this.#forgetOldest();
    this.#map.set(key, value);
  }

  delete(key: string): void {
    this.#map.delete(key);
  }

  /** The one that was put in first comes first. */
  [Symbol.iterator](): Iterator<[string, V]> {
    return this.#map[Symbol.iterator]();
  }

  #forgetOldest(): void {
    let next = this.#oldest.next();
    if (next.done === true) {
      this.#oldest = this.#map.keys();
      next = this.#oldest.next();
    }
    if (next.done !== true) this.#map.delete(next.value);
  }
}

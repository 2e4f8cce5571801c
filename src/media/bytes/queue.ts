/**
 * Collects arbitrary slices until a parser has enough. Slices are borrowed: what is not consumed within the call is
 * copied by `keep`, which every parser calls before it returns to its caller.
 *
 * The usual loop: `push(slice)`, then while `length` suffices `take(n)`, then `keep()`.
 */
export class ByteQueue {
  #held: Uint8Array = new Uint8Array(0);
  /** Where the unread part of `#held` begins and ends: a buffer of our own has spare room behind the end. */
  #start = 0;
  #end = 0;
  #owned = true;

  /** Bytes not yet taken. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** Adds a slice; it is only borrowed until `keep`. */
  push(slice: Uint8Array): void {
    if (this.length === 0) {
      this.#held = slice;
      this.#start = 0;
      this.#end = slice.length;
      this.#owned = false;
      return;
    }
    this.#own(slice.length);
    this.#held.set(slice, this.#end);
    this.#end += slice.length;
  }

  /** A view of the next `length` bytes without taking them; undefined while there are fewer. */
  peek(length: number): Uint8Array | undefined {
    if (length > this.length) return undefined;
    return this.#held.subarray(this.#start, this.#start + length);
  }

  /** Takes the next `length` bytes as a view that is valid for this call only; undefined while there are fewer. */
  take(length: number): Uint8Array | undefined {
    const view = this.peek(length);
    if (view !== undefined) this.#start += length;
    return view;
  }

  /** Passes over up to `length` bytes and says how many there were. */
  skip(length: number): number {
    const skipped = Math.min(length, this.length);
    this.#start += skipped;
    return skipped;
  }

  /** Copies what is left of a borrowed slice: call it before the slice's owner gets it back. */
  keep(): void {
    if (!this.#owned) this.#own(0);
  }

  /** Drops everything. */
  clear(): void {
    this.#held = new Uint8Array(0);
    this.#start = 0;
    this.#end = 0;
    this.#owned = true;
  }

  /** Makes the unread bytes ours, with room for `extra` more behind them. */
  #own(extra: number): void {
    const length = this.length;
    if (length + extra === 0) {
      this.clear();
      return;
    }
    if (this.#owned && this.#end + extra <= this.#held.length) return;
    if (this.#owned && length + extra <= this.#held.length && this.#start >= length) {
      this.#held.copyWithin(0, this.#start, this.#end);
    } else {
      // Doubling keeps the cost of many small slices linear; an exact copy suffices when nothing more is known.
      const size = extra === 0 ? length : Math.max(length + extra, 2 * length);
      const grown = new Uint8Array(size);
      grown.set(this.#held.subarray(this.#start, this.#end));
      this.#held = grown;
    }
    this.#start = 0;
    this.#end = length;
    this.#owned = true;
  }
}

/** Microseconds in a millisecond. */
export const MICROS_PER_MS = 1000;

/**
 * Follows a counter that wraps at 2^32, such as RTMP's and FLV's millisecond timestamps, by serial arithmetic
 * (RFC 1982): a step of less than half the range forward or back is what it looks like, whatever the wraps.
 */
export class Unwrap32 {
  #last: number | undefined;

  /** The value on an unbounded line; the first call returns `value` itself. It may step back below zero. */
  next(value: number): number {
    const last = this.#last;
    const unwrapped = last === undefined ? value >>> 0 : last + ((value - last) | 0);
    this.#last = unwrapped;
    return unwrapped;
  }
}

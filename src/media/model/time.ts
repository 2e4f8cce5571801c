/**
 * Clocks. Inside, time is integer microseconds; formats and wires count in ticks of any rate, in 32 or 33 bits that
 * wrap. Every timestamp is converted by itself, from its clock's baseline and with exact integer arithmetic, so that
 * nothing adds up: after a week at 90 kHz a time is as exact as after a second.
 */

/** Microseconds in a millisecond, and in a second. */
export const MICROS_PER_MS = 1_000;
export const MICROS_PER_SECOND = 1_000_000;

/** From NTP's epoch, 1900, to Unix', 1970, in seconds (RFC 868). */
const NTP_TO_UNIX_SECONDS = 2_208_988_800;
/** Seconds in an era of NTP (RFC 5905 section 6): the second begins in 2036. */
const NTP_ERA_SECONDS = 2 ** 32;
/** A clock's rate fits 32 bits, which keeps every product below 2^53. */
const MAX_RATE = 2 ** 32 - 1;

/**
 * Follows a counter that wraps, such as RTMP's milliseconds and RTP's timestamps (32 bits), MPEG-TS' PTS (33) and RTP's
 * sequence numbers (16), by serial arithmetic (RFC 1982): a step of less than half the range forward or back is what it
 * looks like, whatever the wraps.
 */
export class Unwrap {
  readonly #range: number;
  #last: number | undefined;

  /** @param bits of the counter */
  constructor(bits: 16 | 32 | 33) {
    this.#range = 2 ** bits;
  }

  /** The value on an unbounded line; the first call returns `value` itself. It may step back below zero. */
  next(value: number): number {
    const unwrapped = this.near(value);
    this.#last = unwrapped;
    return unwrapped;
  }

  /** The same, without going there: for values that are not to be believed. */
  near(value: number): number {
    const range = this.#range;
    const last = this.#last;
    if (last === undefined) return modulo(value, range);
    const step = modulo(value - last, range);
    return last + (step < range / 2 ? step : step - range);
  }
}

/**
 * Ticks of a clock in microseconds, rounded to the nearest, halves up: the error is at most half a microsecond, whatever
 * the number of ticks.
 *
 * @param ticks a safe integer, negative ones included
 * @param rate ticks a second, an integer from 1 to 2^32 - 1
 */
export function microsOf(ticks: number, rate: number): number {
  // Whole seconds and the rest apart: no product passes 2^53, so nothing is rounded but the last division's result.
  const rest = modulo(ticks, rate);
  const seconds = (ticks - rest) / rate;
  return seconds * MICROS_PER_SECOND + Math.floor((2 * MICROS_PER_SECOND * rest + rate) / (2 * rate));
}

/** Where a clock was first looked at. */
export interface Baseline {
  /** The clock's timestamp as it stands, in ticks. */
  readonly timestamp: number;
  /** Ours at that moment: microseconds since the Unix epoch. */
  readonly wall: number;
}

/** A clock of any rate beside ours. */
export class MediaClock {
  readonly rate: number;
  readonly baseline: Baseline;
  readonly #unwrap: Unwrap;
  readonly #zero: number;

  /**
   * @param rate ticks a second
   * @param bits of its timestamps
   * @throws TypeError for a rate that is no integer from 1 to 2^32 - 1
   */
  constructor(rate: number, bits: 32 | 33, baseline: Baseline) {
    if (!Number.isInteger(rate) || rate < 1 || rate > MAX_RATE) {
      throw new TypeError(`rate: must be an integer from 1 to ${MAX_RATE}, not ${rate}`);
    }
    this.rate = rate;
    this.baseline = baseline;
    this.#unwrap = new Unwrap(bits);
    this.#zero = this.#unwrap.next(baseline.timestamp);
  }

  /** Microseconds from the baseline to the next timestamp, off by at most a half; negative for one before it. */
  next(timestamp: number): number {
    return microsOf(this.#unwrap.next(timestamp) - this.#zero, this.rate);
  }

  /** The same for a timestamp that comes aside, such as a sender report's: the clock stays where it is. */
  near(timestamp: number): number {
    return microsOf(this.#unwrap.near(timestamp) - this.#zero, this.rate);
  }

  /** A time since the baseline on our wall clock, as if both clocks ran alike: microseconds since the Unix epoch. */
  wallOf(micros: number): number {
    return this.baseline.wall + micros;
  }
}

/**
 * A time in NTP's 64-bit format, as RTCP's sender reports have it (RFC 3550 section 4), in microseconds since the Unix
 * epoch, off by at most half a microsecond. Numbers of seconds below 2^31 are of the era that begins in 2036 (RFC 4330
 * section 3): in the first they were over in 1968.
 *
 * @param fraction in units of 2^-32 s
 */
export function microsOfNtp(seconds: number, fraction: number): number {
  const era = seconds < NTP_ERA_SECONDS / 2 ? NTP_ERA_SECONDS : 0;
  const micros = Math.round((fraction * MICROS_PER_SECOND) / NTP_ERA_SECONDS);
  return (era + seconds - NTP_TO_UNIX_SECONDS) * MICROS_PER_SECOND + micros;
}

/** The remainder that is not negative. */
function modulo(value: number, range: number): number {
  const rest = value % range;
  // `+ 0` makes of -0, which is what a negative multiple leaves, a plain zero.
  return rest < 0 ? rest + range : rest + 0;
}

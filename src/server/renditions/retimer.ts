/** What an encoder was given to make pictures of. Times in microseconds on the stream's timeline. */
export interface SourceFrame {
  readonly dts: number;
  readonly pts: number;
  /** When it came in, microseconds since the Unix epoch. */
  readonly receivedAt: number;
}

/** FLV counts milliseconds. */
const GRAIN_MICROS = 1000;
/** More than any encoder keeps to itself. */
const MAX_FRAMES = 4096;

/**
 * Gives an encoder's pictures the times of those that they were made from, to the microsecond: what comes out of it has
 * its times in whole milliseconds, and none of the source's order of decoding.
 *
 * The encoder reorders nothing, so its n-th picture is the n-th in the order of showing; it gets the n-th time of decoding
 * that the source had. Where the source's pictures come in the order in which they are shown, as at each key frame that
 * begins a closed group, that is the source's own: so both have their key frames at the same dts.
 */
export class Retimer {
  /** In the order of decoding. */
  readonly #dts: number[] = [];
  /** In the order of showing. */
  readonly #shown: SourceFrame[] = [];

  /** How much media has gone in and not come out, microseconds. */
  get span(): number {
    const first = this.#dts[0];
    return first === undefined ? 0 : (this.#dts[this.#dts.length - 1] ?? first) - first;
  }

  /** The next picture that goes in, in the order of decoding. */
  add(frame: SourceFrame): void {
    this.#dts.push(frame.dts);
    let at = this.#shown.length;
    while (at > 0 && (this.#shown[at - 1]?.pts ?? 0) > frame.pts) at -= 1;
    this.#shown.splice(at, 0, frame);
    if (this.#dts.length > MAX_FRAMES) this.#forget(1);
  }

  /**
   * The times of the picture that has come out; the ones before it are not asked for any more.
   *
   * @param pts as the encoder says, a millisecond off at most
   * @returns undefined for one that did not go in
   */
  take(pts: number): SourceFrame | undefined {
    const next = this.#shown.findIndex((frame) => frame.pts >= pts - GRAIN_MICROS);
    const frame = this.#shown[next];
    const dts = this.#dts[next];
    if (frame === undefined || dts === undefined || frame.pts > pts + GRAIN_MICROS) return undefined;
    this.#forget(next + 1);
    return { ...frame, dts };
  }

  #forget(count: number): void {
    this.#dts.splice(0, count);
    this.#shown.splice(0, count);
  }
}

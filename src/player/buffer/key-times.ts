/** More than can lie between what is freed and the live edge. */
const MAX_TIMES = 1000;
/** Element times are rounded: a cut this little before a key frame keeps it. Seconds. */
const MARGIN = 0.005;

/**
 * Where buffered video may be cut. Freeing media up to the middle of a group of pictures frees the rest of it as well
 * (Media Source Extensions section 3.5.9, coded frame removal), and that can be what is on the screen.
 */
export class KeyTimes {
  #times: number[] = [];

  /** A key frame is shown at this time, seconds. */
  add(at: number): void {
    this.#times.push(at);
    if (this.#times.length > MAX_TIMES) this.#times.shift();
  }

  clear(): void {
    this.#times = [];
  }

  /** The latest place to cut at or before a time; 0 where there is none. */
  cutBefore(time: number): number {
    let latest = 0;
    for (const at of this.#times) if (at <= time && at > latest) latest = at;
    return Math.max(0, latest - MARGIN);
  }
}

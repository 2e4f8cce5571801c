/** How far a job has come. */
export interface Progress {
  /** Media time that is done, microseconds. */
  readonly timeUs: number;
  /** Of the whole, microseconds; undefined where nobody knows. */
  readonly totalUs: number | undefined;
  readonly frames: number | undefined;
  /** Written so far. */
  readonly bytes: number | undefined;
  /** Media time per real time. */
  readonly speed: number | undefined;
}

/** How a stream's timeline stands to the clock of its publisher, from some moment on. Microseconds. */
export interface RelayClock {
  /** Since when, on the timeline. */
  readonly from: number;
  /** A time on the timeline is that of the publisher plus this. */
  readonly offset: number;
}

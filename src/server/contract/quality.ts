/** What the viewer of a live stream sees, in CMCD's words (CTA-5004-B, `sta`). */
export type PlayerState =
  | "starting"
  | "playing"
  | "seeking"
  | "rebuffering"
  | "paused"
  | "ended"
  | "failed"
  | "quit"
  | "preloading";

/**
 * How a viewer's player fares, as it says itself: nobody has checked it. What it did not tell is undefined. Counts are
 * since the player was made, unless said otherwise.
 */
export interface QualityReport {
  /** When it came in, microseconds since the Unix epoch. */
  readonly receivedAt: number;
  /** Counts the session's reports, from 0. */
  readonly sequence: number | undefined;
  readonly state: PlayerState | undefined;
  /** The way it plays, such as `mse-worker`. */
  readonly path: string | undefined;
  /** Between player and server and back, milliseconds. */
  readonly rttMs: number | undefined;
  /** Media ahead of what is shown, milliseconds. */
  readonly bufferMs: number | undefined;
  /** From what is shown to the live edge, and what the player aims at, milliseconds. */
  readonly latencyMs: number | undefined;
  readonly targetLatencyMs: number | undefined;
  /** 0 while nothing moves. */
  readonly playbackRate: number | undefined;
  /** Received lately, bits per second. */
  readonly bitrate: number | undefined;
  /** Received in all. */
  readonly bytes: number | undefined;
  /** Video frames. Decoded and dropped ones count from the present media source on; the dropped ones are decoded ones too. */
  readonly receivedFrames: number | undefined;
  readonly decodedFrames: number | undefined;
  readonly droppedFrames: number | undefined;
  /** Times that it ran out of media, and how long in all, milliseconds. */
  readonly freezes: number | undefined;
  readonly frozenMs: number | undefined;
  /** Whether it has run out of media since the report before. */
  readonly starved: boolean | undefined;
  readonly jumps: number | undefined;
  readonly reconnects: number | undefined;
  /** From the request for this connection to its first frame on the screen, and how long ago that was, milliseconds. */
  readonly firstFrameMs: number | undefined;
  readonly firstFrameAgoMs: number | undefined;
  /** The `traceparent` that the player was given with the connection. */
  readonly traceparent: string | undefined;
  /** Codes of its errors since the report before. */
  readonly errors: readonly string[];
}

/** What the players of the sessions that there are reported last. */
export interface QualityReports {
  /** @param sessionId of one that plays, or has ended within the last 10 s */
  latest(sessionId: string): QualityReport | undefined;
}

import type { Track } from "../media/model/track.js";
import type { ConnectionEnd, Progress } from "./pipeline/pipeline.js";
import type { SourceError } from "./source/source.js";
import type { PlayerStats } from "./types.js";

/** What an engine tells its player. */
export interface EngineEvents {
  tracks(tracks: readonly Track[]): void;
  progress(progress: Progress): void;
  /** Playback has begun, or goes on. */
  playing(): void;
  /** What goes wrong and does not end the connection. */
  trouble(error: SourceError): void;
}

/** The part of the statistics that an engine knows. */
export type EngineStats = Pick<
  PlayerStats,
  | "width"
  | "height"
  | "latencyMs"
  | "targetLatencyMs"
  | "bufferMs"
  | "decodedFrames"
  | "droppedFrames"
  | "freezes"
  | "frozenMs"
  | "playbackRate"
  | "jumps"
>;

/** One way from the network to the screen. */
export interface Engine {
  /** Whether the picture moves. */
  readonly state: "buffering" | "playing" | "waiting";
  /** Opens a connection, one at a time. Never rejects. */
  connect(): Promise<ConnectionEnd>;
  /** Ends the connection. With an error, that is how it ended. */
  disconnect(error?: SourceError): void;
  /** Sends a text over the connection, where that carries any. */
  say(text: string): void;
  stats(): EngineStats;
  /** Releases all of it. Idempotent. */
  close(): void;
}

/** How a connection goes of which only that it does is known: the browser's own, or Flash's. */
export function unseenProgress(lastByteAt: number): Progress {
  return {
    bytes: 0,
    frames: 0,
    lastByteAt,
    arrivals: undefined,
    told: { requestedAt: lastByteAt },
    end: 0,
  };
}

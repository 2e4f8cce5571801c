import type { Track } from "../media/model/track.js";
import type { PathChoice, PlayerPath } from "./path/choose.js";

/** How a player is made; everything has a default. */
export interface PlayerOptions {
  /** How the stream is fetched; by default what the URL says (`ws:`, `wss:` or not), and fetch otherwise. */
  readonly transport?: "fetch" | "ws";
  /** Starts as soon as there is a picture (default). Browsers allow that only without sound. */
  readonly autoplay?: boolean;
  /** Starts without sound, so that the browser lets it start; by default true where `autoplay` is. */
  readonly muted?: boolean;
  /** How far behind the live edge it plays, milliseconds; by default as little as the jitter of the network allows. */
  readonly targetLatencyMs?: number;
  /** Further behind than this it jumps instead of hurrying, milliseconds; by default 300 more than the target. */
  readonly maxLatencyMs?: number;
  /** The ways to play that may be taken, the preferred first; by default all, `webcodecs` after those with MSE. */
  readonly paths?: readonly PlayerPath[];
  /** Where the worker is, for pages whose bundler or policy has it elsewhere; by default beside the player's module. */
  readonly workerUrl?: string;
  /** The same for the worklet, which plays the sound of the WebCodecs path. */
  readonly workletUrl?: string;
  /** The same for the SWF of the Flash path. */
  readonly swfUrl?: string;
  /** How much already played media is kept, milliseconds; default 10000. */
  readonly backBufferMs?: number;
  /** Without a byte for this long it connects anew, milliseconds; default 15000. */
  readonly stallTimeoutMs?: number;
  /** How often it connects anew before it gives up; default Infinity. */
  readonly maxReconnects?: number;
  /**
   * Where to report how it fares; by default `/api/v1/reports` beside the stream, of a server that tells the session's
   * id, and over the WebSocket itself where the stream comes by one. False for nowhere.
   */
  readonly reports?: boolean | string;
  /**
   * Tells the server which video codecs this browser plays, so that it can choose among renditions; off by default. An
   * `Accept` header to the page's own origin, `?codecs=` to another and over WebSocket.
   */
  readonly negotiate?: boolean;
  /** Destroys the player when it fires. */
  readonly signal?: AbortSignal;
}

/**
 * - `network`: the stream could not be fetched, or broke off
 * - `media`: bytes that are no stream, or a codec the browser does not play
 * - `playback`: the browser refused to play
 */
export type PlayerErrorKind = "network" | "media" | "playback";

/**
 * - `unreachable`: no connection, or it broke off
 * - `http-status`: the server answered with another status than the ones below
 * - `denied`: it answered 401 or 403: fatal
 * - `not-found`: it answered 404: nobody publishes the stream
 * - `timeout`: no byte came for `stallTimeoutMs`
 * - `malformed`: the bytes are no FLV
 * - `codec-unsupported`: no way to play that the browser has knows the codec: fatal
 * - `browser-unsupported`: the browser has no way to play at all: fatal
 * - `append-failed`: the browser refused the media, or could not decode it
 * - `stuck`: there is media, and the picture stands still
 * - `autoplay-blocked`: the browser wants a click, or no sound
 * - `gave-up`: `maxReconnects` attempts failed: fatal
 */
export type PlayerErrorCode =
  | "unreachable"
  | "http-status"
  | "denied"
  | "not-found"
  | "timeout"
  | "malformed"
  | "codec-unsupported"
  | "browser-unsupported"
  | "append-failed"
  | "stuck"
  | "autoplay-blocked"
  | "gave-up";

/** What went wrong. After a fatal one the player has stopped; after any other it goes on by itself. */
export interface PlayerError {
  readonly kind: PlayerErrorKind;
  readonly code: PlayerErrorCode;
  /** Whether the player has stopped. */
  readonly fatal: boolean;
  /** What happened and what to do, in a sentence. */
  readonly message: string;
}

/** What happens to a player, by event name. */
export interface PlayerEvents {
  /** The stream's tracks are known, or have changed. */
  readonly tracks: { readonly tracks: readonly Track[] };
  /** A way to play was chosen, or none was left: every step with its reason. */
  readonly path: PathChoice;
  /** Playback has begun, or goes on after it stood still. */
  readonly playing: Record<string, never>;
  /** The connection has ended; the next attempt follows after `delayMs`. */
  readonly reconnect: { readonly attempt: number; readonly delayMs: number; readonly reason: string };
  /** Something went wrong: the player goes on by itself, unless it was fatal. */
  readonly error: PlayerError;
  /** The player was destroyed, or gave up. */
  readonly ended: { readonly reason: "destroyed" | "fatal" };
}

/** How the player fares now. */
export interface PlayerStats {
  readonly state: PlayerState;
  readonly path: PlayerPath | undefined;
  /** RFC 6381 codec strings, video first. */
  readonly codecs: readonly string[];
  /** Pixels of the decoded picture; 0 before the first. */
  readonly width: number;
  readonly height: number;
  /** From what is shown to the live edge, as the fastest packets have it, milliseconds. */
  readonly latencyMs: number;
  /** What it aims at: the jitter of the arrivals and a margin, milliseconds. */
  readonly targetLatencyMs: number;
  /** Media ahead of what is shown without a gap, milliseconds. */
  readonly bufferMs: number;
  /** Bits per second received, over the last two seconds. */
  readonly bitrate: number;
  /** Received since the player was made. */
  readonly bytes: number;
  /** Video frames received since the player was made, from the first of each connection on that can be shown. */
  readonly receivedFrames: number;
  /** Video frames of the present media source; the dropped ones count in. */
  readonly decodedFrames: number;
  readonly droppedFrames: number;
  /** Times that it ran out of media for more than 200 ms, and how long in all, milliseconds. */
  readonly freezes: number;
  readonly frozenMs: number;
  /** 1, up to 1.1 while it catches up, down to 0.95 while it makes room. */
  readonly playbackRate: number;
  /** Connections begun again. */
  readonly reconnects: number;
  /** Jumps to the live edge or over a gap. */
  readonly jumps: number;
}

/**
 * - `connecting`: no byte of the present connection has come
 * - `buffering`: bytes come, and playback has not begun
 * - `playing`: the picture moves
 * - `waiting`: it has run out of media
 * - `ended`: it was destroyed, or met a fatal error
 */
export type PlayerState = "connecting" | "buffering" | "playing" | "waiting" | "ended";

/** One video element that plays one stream. */
export interface Player {
  readonly state: PlayerState;
  /** How it plays; undefined until that is chosen, and where nothing is left. */
  readonly path: PlayerPath | undefined;
  /** Adds a listener and returns its removal. */
  on<K extends keyof PlayerEvents>(event: K, listener: (event: PlayerEvents[K]) => void): () => void;
  /** How it fares at this moment. */
  stats(): PlayerStats;
  /** Ends it; settles when the connection, timers, listeners and the media source are released. Idempotent. */
  destroy(): Promise<void>;
}

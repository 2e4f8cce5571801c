import type { HubReason } from "../../hub/reason.js";
import type { RefusalCode } from "../../hub/refused.js";
import type { QualityReport } from "./quality.js";
import type { Span } from "./trace.js";

/**
 * Why a connection ended: the hub's reasons, and a transport's own.
 *
 * - `client-closed`: the peer closed in order
 * - `client-reset`: the connection broke
 * - `handshake-timeout`, `idle-timeout`: nothing came, or nothing that led on
 * - `denied`: `authorize` said no, failed, or did not answer in time
 * - `busy`: the stream is being published by another
 * - `not-found`: no publisher came in time
 * - `no-tracks`: the stream has no track that was asked for
 * - `malformed`: the peer broke the protocol
 * - `limit`: more than we accept
 * - `internal`: our fault; the log has the error
 */
export type SessionReason =
  | HubReason
  | "client-closed"
  | "client-reset"
  | "handshake-timeout"
  | "idle-timeout"
  | "denied"
  | "busy"
  | "not-found"
  | "no-tracks"
  | "malformed"
  | "limit"
  | "internal";

/** Why a session ends that the hub did not let in. */
export const REFUSAL_REASONS: Readonly<Record<RefusalCode, SessionReason>> = {
  busy: "busy",
  variants: "limit",
  "no-tracks": "no-tracks",
  "not-live": "not-found",
  closed: "shutdown",
};

/** What a peer calls itself is cut to this many characters: it goes into log lines, and no honest one needs more. */
export const MAX_USER_AGENT_LENGTH = 256;

/** What a session has moved so far. The protocol that runs it adds to them as it goes. */
export interface SessionCounters {
  /** Bytes from and to the peer: the protocol's framing counts, HTTP's headers do not. */
  bytesIn: number;
  bytesOut: number;
  /** Packets taken from a publisher. */
  packetsIn: number;
  /** Parts of a publisher's input that could not be understood and were left out. */
  undecodable: number;
  /** Frames that a viewer did not get because it was too far behind. */
  droppedFrames: number;
  /** How much media time that was, milliseconds. */
  droppedMs: number;
}

/** What a viewer gets from now on, and why. */
export interface QualityChange {
  /** The stream that it is played from now. */
  readonly name: string;
  readonly adapted: Adapted;
  /** What it was and what it is, such as `720p`. */
  readonly from: string;
  readonly to: string;
  /** `drops`, `lag`, `stalls` or `well`. */
  readonly cause: string;
}

/** How one of a stream's renditions was chosen for a viewer. */
export interface Adapted {
  /** The stream's name in the address. */
  readonly asked: string;
  /** Undefined where the stream itself is played. */
  readonly rendition: string | undefined;
  /** As configured, bits per second. */
  readonly bitrate: number | undefined;
  /** `mobile`, `tablet`, `desktop`, `tv` or `unknown`. */
  readonly device: string;
  /** In the order in which they counted. */
  readonly reasons: readonly string[];
}

/** What is known of one connection (or of one stream within a connection that carries several). */
export interface SessionInfo {
  /** Unique while the server runs. */
  readonly id: string;
  /** `rtmp`, `rtsp`, `http-flv`, `ws-flv`, `http-mp4` or `ws-mp4`. */
  readonly protocol: string;
  /** The peer's IP address, without a port. */
  readonly remoteAddress: string;
  /** What the peer calls itself, where it does. */
  readonly userAgent: string | undefined;
  /** Microseconds since the Unix epoch. */
  readonly since: number;
  /** What it does; undefined until it has said so. */
  readonly action: "publish" | "play" | undefined;
  /** The stream it is about, once `action` is known. */
  readonly app: string | undefined;
  readonly name: string | undefined;
  /** Of a viewer: milliseconds from its connection to the first frame handed to it; undefined before. */
  readonly firstFrameMs: number | undefined;
  /** Undefined where there was nothing to choose. */
  readonly adapted: Adapted | undefined;
  readonly counters: Readonly<SessionCounters>;
  /** What the viewer's player reported last, where it does. */
  readonly report: QualityReport | undefined;
}

/** One connection: who, what, since when, counters, and why it ended. */
export interface Session extends SessionInfo {
  readonly counters: SessionCounters;
  /** Fires when an operator or the server's end wants it closed; its reason is a SessionReason. */
  readonly signal: AbortSignal;
  /** Its span, from its beginning to its end: the session ends it. Its trace is the peer's, where that had begun one. */
  readonly trace: Span;
  /** What each of its log lines says: `session`, `trace_id`, `span_id`, and `stream` once it is known. */
  readonly logFields: object;
  /** Says what it asks for, before it may: who was refused is logged with it too. */
  ask(action: "publish" | "play", app: string, name: string): void;
  /** Says how its rendition was chosen, before it begins: that is logged with it. */
  adapt(adapted: Adapted): void;
  /**
   * Says what it does, once it is known and allowed; logs that it began.
   *
   * @param userAgent what the peer calls itself, where that came later than the connection
   */
  begin(action: "publish" | "play", app: string, name: string, userAgent?: string): void;
  /** From here on `counters.bytesOut` is what this says, read when somebody asks: sending costs no counting. */
  measure(outlet: { readonly bytesOut: number }): void;
  /** Says that it plays another rendition from here on; logs it. */
  change(quality: QualityChange): void;
  /** A frame has been handed to the peer's connection; only the first is of interest. */
  firstFrame(): void;
  /** Ends the record and logs why, with the counters. Idempotent: the first reason stands. */
  end(reason: SessionReason, detail?: string): void;
}

/** What is known of a connection as it comes. */
export interface SessionInit {
  readonly protocol: string;
  readonly remoteAddress: string;
  readonly userAgent?: string | undefined;
  /** A `traceparent` header, as the peer sent it. */
  readonly traceparent?: string | undefined;
}

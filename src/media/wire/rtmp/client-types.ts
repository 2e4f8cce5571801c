import type { RtmpCapabilities } from "./capabilities.js";
import type { ChunkLimits } from "./chunk-reader.js";
import type { StatusInfo } from "./command.js";
import type { DigestScheme, RtmpCrypto } from "./digest.js";

export interface RtmpClientOptions {
  readonly crypto: RtmpCrypto;
  readonly mode: "publish" | "play";
  /** Everything before the stream name, such as `rtmp://host:1935/live`. */
  readonly tcUrl: string;
  /** The tcUrl's path, such as `live`. */
  readonly app: string;
  /** The stream name with its query, such as `camera?key=value`. */
  readonly name: string;
  /** Sign the handshake in this scheme; absent for the simple handshake, which every server takes. */
  readonly digest?: DigestScheme;
  /** What the server is told of us. */
  readonly flashVer?: string;
  /** What the server is told that we can do; absent to say nothing of Enhanced RTMP. */
  readonly capabilities?: RtmpCapabilities;
  readonly limits?: ChunkLimits;
}

/**
 * Why there is no stream, or no longer.
 *
 * - `connect-rejected`, `publish-rejected`, `play-rejected`: the server said no to that command
 * - `stream-refused`: it gave us no message stream
 * - `ended`: it ended the stream that we had
 */
export interface RtmpFailure extends StatusInfo {
  readonly reason: "connect-rejected" | "stream-refused" | "publish-rejected" | "play-rejected" | "ended";
  /** Where the server sends us instead. */
  readonly redirect?: string;
}

/** Whom a client connection tells what happens. It must not push from within. */
export interface RtmpClientHandler {
  /** Takes bytes to send; they are its own. */
  send(bytes: Uint8Array): void;
  /** The stream is ours: media may be sent, or comes. */
  ready(streamId: number): void;
  /**
   * A message of the stream that we play.
   *
   * @param type 8 audio, 9 video, 18 or 15 data
   * @param timestamp raw milliseconds, unsigned 32 bits
   * @param body a view, valid during the call
   */
  media(type: number, timestamp: number, body: Uint8Array, receivedAt: number): void;
  /** Every status that the server sends, also those that the connection acts upon. */
  status?(info: StatusInfo): void;
  /** It is over: close the connection. Called once. */
  failed(failure: RtmpFailure): void;
}

export interface RtmpClientConnection {
  /** Sends the beginning of the handshake: call it once the connection is there. */
  start(): void;
  /**
   * Takes the next bytes; the slice is only borrowed.
   *
   * @param receivedAt microseconds since the Unix epoch
   * @throws MediaError when the server's bytes make no sense or go over a limit: close the connection
   */
  push(slice: Uint8Array, receivedAt: number): void;
  /** Sends a message of the stream that we publish; throws a TypeError before `ready`. */
  sendMedia(type: number, timestamp: number, body: Uint8Array): void;
  /** Says goodbye to the server: it forgets the stream at once. Nothing is handed out any more. */
  close(): void;
  /** Whether `ready` was called and neither `failed` nor `close` since. */
  readonly isReady: boolean;
  readonly bytesIn: number;
  /** Bytes that the server says it has received: unsigned 32 bits. */
  readonly acknowledged: number;
}

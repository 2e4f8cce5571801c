import type { MediaError } from "../../model/error.js";
import type { RtmpCapabilities } from "./capabilities.js";
import type { ChunkLimits } from "./chunk-reader.js";
import type { StatusInfo } from "./command.js";
import type { RtmpCrypto } from "./digest.js";
import type { RtmpRequest, StopReason } from "./server-request.js";

export interface RtmpServerOptions {
  readonly crypto: RtmpCrypto;
  readonly limits?: ChunkLimits;
  /** Message streams at a time; default 8. */
  readonly maxStreams?: number;
  /**
   * Bytes of media, all streams together, that are held for requests that are not decided yet; default 4 MiB. Some
   * encoders do not wait for `NetStream.Publish.Start`: what they send is kept for them, and one that goes over the
   * bound fails, since leaving out the beginning would lose its configurations.
   */
  readonly maxHeldBytes?: number;
  /** What Enhanced RTMP clients are told that we can do. */
  readonly capabilities?: RtmpCapabilities;
}

/** What a client says of itself in `connect`; what it leaves out is empty. */
export interface RtmpConnectInfo {
  readonly app: string;
  readonly tcUrl: string;
  readonly flashVer: string;
  readonly pageUrl: string;
  readonly swfUrl: string;
  /** 0 for AMF0, 3 for AMF3. */
  readonly objectEncoding: number;
  /** Absent for a client that knows nothing of Enhanced RTMP. */
  readonly capabilities?: RtmpCapabilities;
}

/** Whom a server connection tells what happens. It must not push from within. */
export interface RtmpServerHandler {
  /** Takes bytes to send; they are its own. */
  send(bytes: Uint8Array): void;
  /** The handshake is over. */
  handshaken?(): void;
  connected?(info: RtmpConnectInfo): void;
  publish(request: RtmpRequest): void;
  play(request: RtmpRequest): void;
  /**
   * A message of a stream that was accepted for publishing.
   *
   * @param type 8 audio, 9 video, 18 data; AMF3 data that is AMF0 inside comes as 18, else as 15
   * @param timestamp raw milliseconds, unsigned 32 bits
   * @param body a view, valid during the call
   */
  media(type: number, timestamp: number, body: Uint8Array, streamId: number, receivedAt: number): void;
  /** A request that was handed out and not rejected is over; called once for each. */
  stopped(request: RtmpRequest, reason: StopReason): void;
  /** A player pauses or goes on. */
  paused?(streamId: number, paused: boolean): void;
  /** A player says how much it buffers, in milliseconds. */
  bufferLength?(milliseconds: number): void;
  /** The answer to `ping`, with its number. */
  pong?(value: number): void;
  /** A message that was left out, inside intact framing. */
  dropped?(error: MediaError): void;
}

export interface RtmpServerConnection {
  /**
   * Takes the next bytes; the slice is only borrowed.
   *
   * @param receivedAt microseconds since the Unix epoch
   * @throws MediaError when the client's bytes make no sense or go over a limit: close the connection
   */
  push(slice: Uint8Array, receivedAt: number): void;
  /** Sends a status for a stream. */
  status(streamId: number, info: StatusInfo): void;
  /** Ends an accepted request from our side: its client is told that the stream is over. */
  end(request: RtmpRequest, info?: StatusInfo): void;
  /** Asks for an answer with the same number: unsigned 32 bits. */
  ping(value: number): void;
  /** Says that nothing comes any more: open requests end with `disconnect`. Nothing is sent. */
  close(): void;
  readonly bytesIn: number;
  /** Bytes that the client says it has received: unsigned 32 bits. */
  readonly acknowledged: number;
}

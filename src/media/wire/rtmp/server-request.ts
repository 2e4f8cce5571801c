import type { StreamAddress } from "./name.js";

/** Why a request that was handed out is over. */
export type StopReason =
  /** The client said so: FCUnpublish, closeStream or deleteStream. */
  | "client"
  /** The client asks for something else on the same message stream. */
  | "replaced"
  /** We ended it. */
  | "server"
  /** The connection is over. */
  | "disconnect";

/**
 * A client's wish to publish or to play. It waits until it is accepted or rejected; the client hears nothing before.
 */
export interface RtmpRequest {
  readonly kind: "publish" | "play";
  /** The message stream. Shared bytes of `rtmpFormat` are for stream 1: see `relabelMessages` for players on others. */
  readonly streamId: number;
  readonly address: StreamAddress;
  /** `publish`: `live`, `record` or `append`, as it was sent; empty for `play`. */
  readonly publishType: string;
  /** `play`: the start as it was sent, of which all that is negative means live; clients send -2, -1 or -2000. */
  readonly start: number;
  /**
   * Tells the client that it may begin. What a publisher sent too early is handed to `media` before this returns.
   *
   * @returns false when the request is over already; nothing happens then
   */
  accept(): boolean;
  /** Tells the client why not, such as `NetStream.Publish.BadName`; does nothing once it is accepted or over. */
  reject(code: string, description: string): void;
}

/** A message that came before its stream was accepted. */
export interface HeldMessage {
  readonly type: number;
  readonly timestamp: number;
  readonly body: Uint8Array;
  readonly receivedAt: number;
}

import type { Batch } from "../../hub/batch.js";
import type { TcpConnection } from "./kernel-queues.js";

/** Where one viewer's bytes go, whatever carries them: an HTTP/1.1 socket, a wrapped response, a WebSocket, a web stream. */
export interface Outlet {
  /** Takes the batch's bytes, or says `busy` and takes nothing; then what `onDrain` was given is called later. */
  accept(batch: Batch): "ok" | "busy";
  onDrain(resume: () => void): void;
  /** Gathers what is accepted from here on, and sends it all at once. */
  cork?(): void;
  uncork?(): void;
  /** Ends it in order: the last chunk, or a WebSocket close frame with a code that fits. */
  end(code: "done" | "going-away" | "try-again"): void;
  /** Cuts it off. */
  destroy(): void;
  /** Bytes handed to the transport so far. */
  readonly bytesOut: number;
  /** The TCP connection that they go out on, where no other bodies do. */
  readonly connection?: TcpConnection | undefined;
  /** How long the peer takes to answer, milliseconds, where it is asked. */
  readonly rttMs?: number | undefined;
}

/** How much of a body is taken, and how long it may take to come. */
export interface BodyLimits {
  readonly maxBytes: number;
  readonly timeoutMs: number;
}

/**
 * What a connection carries beside the media: texts in both directions, over a WebSocket whose client offered the
 * subprotocol `sluice.v1`. Called once that is open.
 *
 * @param say sends a text; it is left out where the peer does not read
 * @returns what takes the peer's texts
 */
export type Talk = (say: (text: string) => void) => (text: string) => void;

/** One HTTP request or WebSocket handshake, whatever server it came in on. */
export interface Exchange {
  readonly method: string;
  /** The decoded path below the mount point; begins with a slash. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly remoteAddress: string;
  /** A WebSocket handshake: `stream` accepts it. */
  readonly websocket: boolean;
  /** Fires when the peer has gone; its reason is `client-closed` or `client-reset`. */
  readonly signal: AbortSignal;
  /**
   * Reads the request's body to its end, once. After a failure `reply` also closes the connection.
   *
   * @throws BodyError
   */
  body(limits: BodyLimits): Promise<Uint8Array>;
  /** A whole answer, body included. For a handshake: refuses it with this status. */
  reply(status: number, headers: Readonly<Record<string, string>>, body?: string | Uint8Array): void;
  /** Answers 200 (or 101) and opens a body without an end. @param talk left alone where the peer cannot */
  stream(headers: Readonly<Record<string, string>>, talk?: Talk): Outlet;
}

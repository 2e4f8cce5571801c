import { MediaError } from "../../media/model/error.js";
import type { PlayerErrorCode } from "../types.js";

/** Why a source ended other than in order. */
export class SourceError extends Error {
  readonly code: PlayerErrorCode;
  /** Trying again cannot help. */
  readonly fatal: boolean;

  /** The RFC 6381 string of the codec it is about. */
  readonly codec: string | undefined;

  constructor(code: PlayerErrorCode, message: string, fatal = false, codec?: string) {
    super(message);
    this.name = "SourceError";
    this.code = code;
    this.fatal = fatal;
    this.codec = codec;
  }
}

/** Whatever a connection ended with, as what the player tells. */
export function asSourceError(error: unknown): SourceError {
  if (error instanceof SourceError) return error;
  if (error instanceof MediaError) {
    // In a bundle not all of its parsers have words.
    return new SourceError("malformed", `these bytes are no FLV: ${error.message || error.code}`);
  }
  return new SourceError("unreachable", error instanceof Error ? error.message : String(error));
}

/** Where our server's answers have the name of the connection. */
export const SESSION_HEADER = "X-Sluice-Session";

/** What is known of a connection. */
export interface Told {
  /** When it was asked for, milliseconds since the Unix epoch. */
  readonly requestedAt: number;
  /** The server's name for it, and its span as W3C Trace Context has it, where it tells them. */
  readonly session?: string | undefined;
  readonly traceparent?: string | undefined;
  /** Between us and the server and back, milliseconds, of the last text that was answered over the connection itself. */
  readonly rttMs?: number;
}

/** What a connection has beside its media, as far as the server is one that tells. The source fills it in. */
export interface Side {
  /** What the request is to have; not over WebSocket. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  told: Told;
  /** Sends a text, a report of ours, over the connection itself. */
  say?: (text: string) => void;
}

import type { PlayerErrorCode } from "../types.js";

/** Why a source ended other than in order. */
export class SourceError extends Error {
  readonly code: PlayerErrorCode;
  /** Trying again cannot help. */
  readonly fatal: boolean;

  constructor(code: PlayerErrorCode, message: string, fatal = false) {
    super(message);
    this.name = "SourceError";
    this.code = code;
    this.fatal = fatal;
  }
}

/**
 * Fetches the stream and hands on its bytes; settles when the server has ended it in order.
 *
 * @param onBytes gets slices that are only lent for the call
 * @throws SourceError, or the signal's reason once it has fired
 */
export type Source = (
  url: string,
  signal: AbortSignal,
  onBytes: (bytes: Uint8Array) => void,
) => Promise<void>;

/**
 * Why media work came to nothing.
 *
 * - `no-engine`: neither node-av nor FFmpeg is installed.
 * - `not-found`: there is no such file, stream or address.
 * - `exists`: what would be written is there already.
 * - `denied`: it is there, and we may not read or write it.
 * - `unreachable`: the network or the server at its other end.
 * - `not-media`: readable, and nothing that we know as audio or video.
 * - `corrupt`: media, and broken.
 * - `unsupported`: sound, but not with this engine, codec, container or kind of input.
 * - `timeout`: it took longer than the limit, or nothing came for so long.
 * - `memory`: it took more memory than the limit.
 * - `busy`: as many jobs as may run are running, and as many as may wait are waiting.
 * - `aborted`: the caller's signal, or `cancel()`.
 * - `failed`: the engine gave up for a reason that we do not know better; the message has its words.
 */
export type AvErrorCode =
  | "no-engine"
  | "not-found"
  | "exists"
  | "denied"
  | "unreachable"
  | "not-media"
  | "corrupt"
  | "unsupported"
  | "timeout"
  | "memory"
  | "busy"
  | "aborted"
  | "failed";

/** What to do where there is no FFmpeg. */
export const INSTALL_FFMPEG = "Install FFmpeg (Debian: apt-get install ffmpeg, macOS: brew install ffmpeg)";

/** What `sluice/av` rejects with. The message says what happened, to what, and what to do. */
export class AvError extends Error {
  readonly code: AvErrorCode;

  constructor(code: AvErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = "AvError";
    this.code = code;
  }
}

/** The end that a signal asks for; its reason is kept as the cause. */
export function abortedError(signal: AbortSignal): AvError {
  const { reason } = signal;
  return reason instanceof AvError
    ? reason
    : new AvError("aborted", "aborted by the caller", { cause: reason });
}

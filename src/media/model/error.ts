/**
 * Why bytes were refused.
 *
 * - `malformed`: the bytes contradict the format.
 * - `truncated`: the bytes end inside something.
 * - `unsupported`: valid, but nothing we carry.
 * - `limit`: valid so far, but larger, deeper or more than we accept.
 */
export type MediaErrorCode = "malformed" | "truncated" | "unsupported" | "limit";

/** The only error a parser in `media/` throws: a peer's or a file's fault, never ours. */
export class MediaError extends Error {
  readonly code: MediaErrorCode;

  constructor(code: MediaErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = "MediaError";
    this.code = code;
  }
}

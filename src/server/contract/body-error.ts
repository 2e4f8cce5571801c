/**
 * Why a request's body was not had whole.
 *
 * - `too-large`: more bytes than asked for
 * - `timeout`: it did not come to its end in time
 * - `cut-off`: the peer left in the middle of it
 * - `consumed`: whoever handed us the request had read it, and left nothing of it
 */
export type BodyFailure = "too-large" | "timeout" | "cut-off" | "consumed";

/** What `Exchange.body` throws, and nothing else. */
export class BodyError extends Error {
  readonly code: BodyFailure;

  constructor(code: BodyFailure) {
    super(`the request's body: ${code}`);
    this.name = "BodyError";
    this.code = code;
  }
}

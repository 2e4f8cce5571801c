/**
 * Why a publisher or subscriber was not let in.
 *
 * - `busy`: the stream has a publisher, which is not to be replaced
 * - `variants`: the stream is packaged in as many variants as `maxVariants` allows
 * - `no-tracks`: the stream has no track that was asked for
 * - `not-live`: nobody publishes the stream, or its tracks are not known yet
 * - `closed`: the server is shutting down
 */
export type RefusalCode = "busy" | "variants" | "no-tracks" | "not-live" | "closed";

/** Thrown by `publish` and `subscribe`: nothing was changed. */
export class Refused extends Error {
  readonly code: RefusalCode;

  constructor(code: RefusalCode, message: string) {
    super(message);
    this.name = "Refused";
    this.code = code;
  }
}

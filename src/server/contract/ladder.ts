import type { Exchange } from "./exchange.js";
import type { Adapted } from "./session.js";

/** Which stream is played for a request, and how that is told. */
export interface LadderChoice {
  readonly stream: { readonly app: string; readonly name: string };
  /** For the session and the log. */
  readonly adapted: Adapted;
  /** For the answer. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Renditions of streams that are streams beside them. */
export interface Ladder {
  /**
   * The rendition of a stream for a request, as things are now; the stream itself where none of them is live.
   *
   * @returns undefined for a stream that is a rendition
   */
  choose(
    asked: { readonly app: string; readonly name: string },
    request: Pick<Exchange, "headers" | "query" | "path">,
  ): LadderChoice | undefined;
}

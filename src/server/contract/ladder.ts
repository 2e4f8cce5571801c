import type { Subscriber } from "../../hub/subscriber.js";
import type { Exchange } from "./exchange.js";
import type { Adapted, Session } from "./session.js";

/** Which stream is played for a request, and how that is told. */
export interface LadderChoice {
  readonly stream: { readonly app: string; readonly name: string };
  /** For the session and the log. */
  readonly adapted: Adapted;
  /** For the answer. */
  readonly headers: Readonly<Record<string, string>>;
  /** What the viewer may be moved to while it watches, the least first; the last is what it begins with. */
  readonly steps: readonly LadderStep[];
}

/** One of a stream's renditions, or the stream itself. */
export interface LadderStep {
  /** Undefined where it is the stream itself and no rendition. */
  readonly rendition: string | undefined;
  /** As configured, bits per second. */
  readonly bitrate: number;
  readonly stream: { readonly app: string; readonly name: string };
}

/** Moves viewers from one rendition to another while they watch. */
export interface Mover {
  /** Looks after this viewer. @returns ends that */
  watch(viewer: MovableViewer): () => void;
}

export interface MovableViewer {
  readonly session: Session;
  readonly subscriber: Subscriber;
  readonly choice: LadderChoice;
}

/** Renditions of streams that are streams beside them. */
export interface Ladder {
  /** Renditions that come as further tracks of a publication (Enhanced RTMP's Multitrack), by their track ids. */
  readonly tracks: readonly { readonly track: number; readonly name: string }[];
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

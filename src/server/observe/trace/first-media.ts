import type { Packet } from "../../../media/model/packet.js";
import type { Span } from "../../contract/trace.js";

/** How long a publisher takes from its permission to its first packet, and to the first picture that can be decoded. */
export interface FirstMedia {
  /** Nothing is waited for: `packet` need not be called. */
  readonly done: boolean;
  /** It may send from here on. */
  begin(): void;
  packet(packet: Packet): void;
}

export function createFirstMedia(trace: Span): FirstMedia {
  let done = !trace.context.sampled;
  let begunAt: number | undefined;
  let seen = false;
  return {
    get done() {
      return done;
    },
    begin() {
      begunAt = trace.now();
    },
    packet({ key, track }) {
      if (begunAt === undefined) return;
      // Spans that are made when they are over: one that waited for a picture would wait for ever where there is none.
      if (!seen) trace.start("first packet", { startedAt: begunAt }).end();
      seen = true;
      if (!key || track.kind !== "video") return;
      trace
        .start("first key frame", { startedAt: begunAt, attributes: { "sluice.codec": track.codec } })
        .end();
      done = true;
    },
  };
}

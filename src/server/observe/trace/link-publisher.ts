import type { Stream } from "../../../hub/stream.js";
import type { Span } from "../../contract/trace.js";
import { parseTraceparent } from "./traceparent.js";

/** Says whose stream a viewer has come to: a publisher's origin is its trace, also where another process has it. */
export function linkPublisher(viewer: Span, stream: Stream): void {
  if (!viewer.context.sampled) return;
  const publisher = parseTraceparent(stream.publisher?.origin);
  if (publisher !== undefined) viewer.link(publisher);
}

import type { QualityReport } from "../../contract/quality.js";
import type { Span } from "../../contract/trace.js";

/**
 * Closes a viewer's trace with what only its player can tell: when the first frame was on the screen. The player gives
 * how long it took and how long ago that was, each on its own clock: no two clocks have to agree.
 *
 * @param viewer the session's span @returns false where the report does not tell, or tells of another connection
 */
export function traceFirstFrame(viewer: Span, report: QualityReport): boolean {
  const { receivedAt, firstFrameMs, firstFrameAgoMs = 0, traceparent, path } = report;
  if (firstFrameMs === undefined || (traceparent ?? viewer.traceparent) !== viewer.traceparent) return false;
  const shownAt = receivedAt - firstFrameAgoMs * 1000;
  const startedAt = shownAt - firstFrameMs * 1000;
  viewer.start("first frame rendered", { startedAt, attributes: { "sluice.path": path } }).end(shownAt);
  return true;
}

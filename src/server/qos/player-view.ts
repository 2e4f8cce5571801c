import type { QualityReport } from "../contract/quality.js";
import { type PlayerView, WINDOW_MS } from "./viewer-quality.js";

/** Errors of the player that mean that it could not decode what it got. */
const DECODE_ERRORS = ["malformed", "codec-unsupported", "append-failed"];

/**
 * What a player's last report says of the last seconds; undefined for one that is older than those.
 *
 * @param wall microseconds since the Unix epoch
 */
export function playerView(report: QualityReport | undefined, wall: number): PlayerView | undefined {
  if (report === undefined || wall - report.receivedAt > WINDOW_MS * 1000) return undefined;
  return {
    at: report.receivedAt,
    rttMs: report.rttMs,
    bufferMs: report.bufferMs,
    receivedFrames: report.receivedFrames,
    lateFrames: report.droppedFrames,
    decodeFailures: report.errors.filter((code) => DECODE_ERRORS.includes(code)).length,
    stalledMs: report.frozenMs,
  };
}

/**
 * Why the hub ended a subscriber or a publisher.
 *
 * - `unpublished`: the publisher has gone and none came back in time
 * - `too-slow`: no progress for `stallTimeoutMs`
 * - `config-changed`: a track's configuration changed and the format cannot express it; rejoin
 * - `timeline-end`: the format's timestamps are used up; rejoin
 * - `taken-over`: another publisher has the stream now
 * - `kicked`: an operator said so
 * - `shutdown`: the server stops
 * - `aborted`: its own AbortSignal fired, or its owner closed it
 * - `internal`: our fault: its sink or its muxer threw; the log has the error
 */
export type HubReason =
  | "unpublished"
  | "too-slow"
  | "config-changed"
  | "timeline-end"
  | "taken-over"
  | "kicked"
  | "shutdown"
  | "aborted"
  | "internal";

/** Whether viewers are kept for the next publisher when one ends for this reason. */
export function viewersOutlive(reason: string): boolean {
  return reason !== "kicked" && reason !== "shutdown";
}

import type { ContainerFormat } from "../media/model/container.js";
import type { Track } from "../media/model/track.js";

/** Which kinds of track a reader wants. */
export interface Selection {
  readonly video: boolean;
  readonly audio: boolean;
}

/** Whether the selection takes this track in: data is no part of a track set. */
export function selects(selection: Selection, track: Track): boolean {
  return (track.kind === "video" && selection.video) || (track.kind === "audio" && selection.audio);
}

/** What readers must agree on to share a packager, beside the track set. */
export interface Variant {
  /** How to mux; undefined for readers of packets. */
  readonly format: ContainerFormat | undefined;
  readonly selection: Selection;
  /** Its readers end with the publication, also where viewers are kept for the next. */
  readonly onePublication: boolean;
  /** Microseconds on the timeline that become timestamp 0. */
  readonly zero: number;
}

/** A container's 32-bit millisecond timestamps are used up an hour before 2^31 ms (FLV's are signed in some players). */
export const TIMELINE_END_MICROS: number = (2 ** 31 - 3_600_000) * 1000;
/** From this age on new readers get a variant with a new zero. */
export const TIMELINE_RENEW_MICROS: number = 2 ** 30 * 1000;

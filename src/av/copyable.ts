import type { ChosenTracks } from "./choose-tracks.js";
import type { OutputContainer } from "./container.js";
import { AvError } from "./error.js";
import type { MediaInfo } from "./media-info.js";

/**
 * What is to be said of a picture that is copied from or into AVI, which has decoding times alone.
 *
 * @param input what an error calls it
 * @throws AvError `unsupported` where the order in which pictures are shown could not be told to another container
 */
export function copyNotes(
  input: string,
  { container: from }: MediaInfo,
  { video }: ChosenTracks,
  to: OutputContainer,
): string[] {
  if (video === undefined || (video.reorder ?? 0) === 0) return [];
  if (from === "avi" && to !== "avi")
    throw new AvError(
      "unsupported",
      `${input}: AVI has no presentation times, and without them ${video.codec} with B-frames can only be decoded; ` +
        "sluice transcode does",
    );
  if (to !== "avi") return [];
  return ["AVI has no presentation times: players put the B-frames of this picture in order by themselves"];
}

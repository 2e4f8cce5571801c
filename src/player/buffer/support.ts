import { mp4MimeType } from "../../media/format/mp4/mime.js";
import { fmp4Format } from "../../media/format/mp4/muxer.js";
import type { Track } from "../../media/model/track.js";
import { SourceError } from "../source/source.js";

/** Why the browser cannot play a track and what to do about it; undefined where it can. */
export function unsupportedTrack(track: Track): SourceError | undefined {
  if (typeof MediaSource === "undefined") {
    const message = "this browser has no Media Source Extensions; use a newer one";
    return new SourceError("mse-unsupported", message, true);
  }
  if (fmp4Format().carries(track) && MediaSource.isTypeSupported(mp4MimeType([track]))) return undefined;
  const codec = `${track.codec.toUpperCase()} ${track.kind} (${track.config.codec})`;
  const instead = track.kind === "audio" ? "AAC" : "H.264";
  return new SourceError(
    "codec-unsupported",
    `this browser does not play ${codec}: publish ${instead}, or use a browser that does`,
    true,
  );
}

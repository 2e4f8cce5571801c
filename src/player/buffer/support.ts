import { mp4MimeType } from "../../media/format/mp4/mime.js";
import { fmp4Format } from "../../media/format/mp4/muxer.js";
import type { Track } from "../../media/model/track.js";
import { SourceError } from "../source/source.js";

/** Why the browser's media sources do not take a track and what to do about it; undefined where they do. */
export function unsupportedTrack(track: Track): SourceError | undefined {
  const source =
    globalThis.MediaSource ?? (globalThis as { ManagedMediaSource?: typeof MediaSource }).ManagedMediaSource;
  if (fmp4Format().carries(track) && source?.isTypeSupported(mp4MimeType([track])) === true) return undefined;
  const codec = `${track.codec.toUpperCase()} ${track.kind} (${track.config.codec})`;
  const instead = track.kind === "audio" ? "AAC" : "H.264";
  return new SourceError(
    "codec-unsupported",
    `this browser does not play ${codec}: publish ${instead}, or use a browser that does`,
    true,
    track.config.codec,
  );
}

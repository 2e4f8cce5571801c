import { mp4MimeType } from "../../media/format/mp4/mime.js";
import { fmp4Format } from "../../media/format/mp4/muxer.js";
import type { Track } from "../../media/model/track.js";
import { SourceError } from "../source/source.js";

/** Why the browser's media sources do not take a track; undefined where they do. The page says what to do about it. */
export function unsupportedTrack(track: Track): SourceError | undefined {
  const source =
    globalThis.MediaSource ?? (globalThis as { ManagedMediaSource?: typeof MediaSource }).ManagedMediaSource;
  if (fmp4Format().carries(track) && source?.isTypeSupported(mp4MimeType([track])) === true) return undefined;
  const { codec } = track.config;
  return new SourceError("codec-unsupported", codec, true, codec);
}

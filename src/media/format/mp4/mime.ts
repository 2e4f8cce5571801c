import type { Track } from "../../model/track.js";

/**
 * The MIME type of an MP4 file or SourceBuffer with these tracks, such as
 * `video/mp4; codecs="avc1.64001f,mp4a.40.2"` (RFC 6381); data tracks do not count.
 */
export function mp4MimeType(tracks: readonly Track[]): string {
  const media = tracks.filter((track) => track.kind !== "data");
  const type = media.some((track) => track.kind === "video") ? "video/mp4" : "audio/mp4";
  return `${type}; codecs="${media.map(codecInMp4).join(",")}"`;
}

/** The codec string as our sample entries have it: parameter sets out of band for HEVC, MP3 by its object type. */
function codecInMp4(track: Track): string {
  if (track.codec === "hevc") return track.config.codec.replace(/^hev1/, "hvc1");
  if (track.codec === "avc") return track.config.codec.replace(/^avc3/, "avc1");
  return track.codec === "mp3" ? "mp4a.6B" : track.config.codec;
}

import type { Container } from "../task.js";

/** The first fragment is waited for: before it nobody knows by how much sound and picture begin apart. */
const FRAGMENTS = "+frag_keyframe+delay_moov+default_base_moof";

/**
 * The options that choose a container, up to and with its format; the output's name follows.
 *
 * @param seekable a file; else bytes as they come, which an MP4 can only be in fragments
 */
export function muxerArgs(container: Container, seekable: boolean): string[] {
  switch (container) {
    case "mp4":
      return seekable ? mp4("+faststart") : mp4(FRAGMENTS);
    case "fmp4":
      return mp4(FRAGMENTS);
    case "flv":
      // In a file, where its key frames are, so that players can seek.
      return ["-flvflags", seekable ? "+add_keyframe_index" : "+no_duration_filesize", "-f", "flv"];
    case "mkv":
      return ["-f", "matroska"];
    case "webm":
      return ["-f", "webm"];
    case "mpegts":
      return ["-f", "mpegts"];
    case "avi":
      return ["-f", "avi"];
    case "rawvideo":
      return ["-f", "rawvideo"];
  }
}

/** A track that begins later than another says so in the movie's clock, which is milliseconds if left alone. */
function mp4(flags: string): string[] {
  return ["-movflags", flags, "-movie_timescale", "90000", "-f", "mp4"];
}

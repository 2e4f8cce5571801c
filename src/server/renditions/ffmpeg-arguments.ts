/** What a rendition is to be. */
export interface MadeRendition {
  /** Such as `480p`. */
  readonly name: string;
  /** Of picture and sound together, bits per second. */
  readonly bitrate: number;
  /** It is made no larger than this, and never larger than the source. */
  readonly width?: number | undefined;
  readonly height?: number | undefined;
}

/** The sound is copied, whatever it has: most encoders send about so much, bits per second. */
const SOUND_BITRATE = 128_000;
/** The picture gets at least this part of what there is. */
const LEAST_SHARE = 0.5;

/**
 * What FFmpeg is told: fragmented MP4 with the picture on standard input, FLV with the new one on standard output.
 *
 * - A key frame where the source has one, and nowhere else (`-force_key_frames source`, no scene cut, no limit of ours on
 *   the group): renditions are switched at key frames.
 * - No frame is dropped or doubled (`-fps_mode passthrough`) and none moved to a grid (`-enc_time_base`).
 * - Nothing is kept back: no B-frames, no look-ahead, one thread for the decoder, which would else hold a frame for each.
 *
 * @param hasSound whether the rate is to leave room for it
 */
export function ffmpegArguments({ bitrate, width, height }: MadeRendition, hasSound: boolean): string[] {
  const rate = `${Math.max(bitrate - (hasSound ? SOUND_BITRATE : 0), Math.round(bitrate * LEAST_SHARE))}`;
  const quiet = ["-hide_banner", "-nostdin", "-v", "error"];
  const input = [
    "-fflags",
    "nobuffer",
    "-analyzeduration",
    "1",
    "-threads",
    "1",
    "-f",
    "mp4",
    "-i",
    "pipe:0",
  ];
  const times = ["-copyts", "-fps_mode", "passthrough", "-enc_time_base", "1:1000"];
  const encoder = ["-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-pix_fmt", "yuv420p"];
  const keys = ["-force_key_frames", "source", "-forced-idr", "1", "-g", "100000", "-sc_threshold", "0"];
  const rates = ["-b:v", rate, "-maxrate", rate, "-bufsize", rate];
  const output = ["-flush_packets", "1", "-flvflags", "no_duration_filesize", "-f", "flv", "pipe:1"];
  return [
    ...[...quiet, ...input, "-an", "-map", "0:v:0", "-vf", filterOf(width, height)],
    ...[...times, ...encoder, ...keys, ...rates, ...output],
  ];
}

/** Even sizes, as 4:2:0 wants; smaller than it is, never larger. */
function filterOf(width: number | undefined, height: number | undefined): string {
  if (width !== undefined && height !== undefined) {
    return `scale=w=min(${width}\\,iw):h=min(${height}\\,ih):force_original_aspect_ratio=decrease:force_divisible_by=2`;
  }
  if (width !== undefined) return `scale=w=trunc(min(${width}\\,iw)/2)*2:h=-2`;
  if (height !== undefined) return `scale=w=-2:h=trunc(min(${height}\\,ih)/2)*2`;
  return "scale=w=trunc(iw/2)*2:h=trunc(ih/2)*2";
}

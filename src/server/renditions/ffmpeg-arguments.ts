import type { Codec } from "../../abr/types.js";
import { encoderDevice, pixelFormat } from "../../av/ffmpeg/encoder.js";
import { liveEncoderArgs } from "./live-encoder.js";

/** What a rendition is to be. */
export interface MadeRendition {
  /** Such as `480p`. */
  readonly name: string;
  /** Of picture and sound together, bits per second. */
  readonly bitrate: number;
  /** `h264` by default. */
  readonly codec?: Codec | undefined;
  /** It is made no larger than this, and never larger than the source. */
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  /** At most so many pictures a second. */
  readonly fps?: number | undefined;
}

/** What it is made of. */
export interface EncoderSource {
  /** Whether the rate is to leave room for it. */
  readonly hasSound: boolean;
  /** Pictures a second, where it says so. */
  readonly frameRate: number | undefined;
}

/** The sound is copied, whatever it has: most encoders send about so much, bits per second. */
const SOUND_BITRATE = 128_000;
/** The picture gets at least this part of what there is. */
const LEAST_SHARE = 0.5;

/**
 * What FFmpeg is told: fragmented MP4 with the picture on standard input, the new one on standard output, H.264 in FLV,
 * the others in NUT, which each FFmpeg can hold them in.
 *
 * - A key frame where the source has one, and nowhere else (`-force_key_frames source`, no scene cut, no limit of ours on
 *   the group): renditions are switched at key frames.
 * - No frame is dropped (but by `fps`) or doubled (`-fps_mode passthrough`) and none moved to a grid (`-enc_time_base`).
 * - Nothing is kept back: no B-frames, no look-ahead, one thread for the decoder, which would else hold a frame for each.
 *   But no `-fflags nobuffer`: it throws away what the input was probed with, which is the first key frame, and with that
 *   the first group.
 *
 * @param encoder FFmpeg's name of it
 */
export function ffmpegArguments(
  { bitrate, codec = "h264", width, height, fps }: MadeRendition,
  encoder: string,
  { hasSound, frameRate }: EncoderSource,
): string[] {
  const picture = Math.max(bitrate - (hasSound ? SOUND_BITRATE : 0), Math.round(bitrate * LEAST_SHARE));
  const quiet = ["-hide_banner", "-nostdin", "-v", "error", ...encoderDevice(encoder)];
  const input = ["-analyzeduration", "1", "-threads", "1", "-f", "mp4", "-i", "pipe:0"];
  const filters = [...(fps === undefined ? [] : [thin(fps)]), scale(width, height), ...format(encoder)];
  const times = ["-copyts", "-fps_mode", "passthrough", "-enc_time_base", "1:1000"];
  const encoding = liveEncoderArgs(encoder, {
    bitrate: picture,
    frameRate: fps === undefined ? frameRate : Math.min(fps, frameRate ?? fps),
  });
  const container =
    codec === "h264"
      ? ["-flvflags", "no_duration_filesize", "-f", "flv"]
      : ["-write_index", "0", "-f", "nut"];
  return [
    ...[...quiet, ...input, "-an", "-map", "0:v:0", "-vf", filters.join(","), ...times],
    ...[...encoding, "-force_key_frames", "source", "-flush_packets", "1", ...container, "pipe:1"],
  ];
}

/**
 * The first frame of each 1/`fps` of a second, and all key frames. The quarter keeps frames that come at a multiple of
 * the rate away from the borders, where a millisecond would decide.
 */
function thin(fps: number): string {
  const slot = (time: string): string => `floor(${time}*${fps}+0.25)`;
  return `select=key+isnan(prev_selected_t)+gt(${slot("t")}\\,${slot("prev_selected_t")})`;
}

/** Even sizes, as 4:2:0 wants; smaller than it is, never larger. */
function scale(width: number | undefined, height: number | undefined): string {
  if (width !== undefined && height !== undefined) {
    return `scale=w=min(${width}\\,iw):h=min(${height}\\,ih):force_original_aspect_ratio=decrease:force_divisible_by=2`;
  }
  if (width !== undefined) return `scale=w=trunc(min(${width}\\,iw)/2)*2:h=-2`;
  if (height !== undefined) return `scale=w=-2:h=trunc(min(${height}\\,ih)/2)*2`;
  return "scale=w=trunc(iw/2)*2:h=trunc(ih/2)*2";
}

/** Eight bits, which all play; hardware has its own way of being handed a picture. */
function format(encoder: string): readonly string[] {
  return encoder.endsWith("_vaapi") ? pixelFormat(encoder) : ["format=yuv420p"];
}

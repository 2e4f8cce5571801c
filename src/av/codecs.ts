import type { AudioCodec, VideoCodec } from "./task.js";

/** What pictures are encoded as. */
export type VideoFormat = Exclude<VideoCodec, "rawvideo">;

export const VIDEO_CODECS: readonly VideoFormat[] = ["h264", "hevc", "vp9", "av1"];
export const AUDIO_CODECS: readonly AudioCodec[] = ["aac", "opus", "mp3"];

/** The codec of that name where we encode it, undefined for others. */
export function encodableAs(codec: string): VideoFormat | undefined {
  return VIDEO_CODECS.find((name) => name === codec);
}

import type { Codec } from "../../abr/types.js";

/** What an encoder is to keep to. */
export interface LiveRate {
  /** Bits per second. */
  readonly bitrate: number;
  /** Pictures a second, as far as is known. */
  readonly frameRate: number | undefined;
}

/**
 * FFmpeg's encoders that give out each picture when it comes, and key frames where they are told to and nowhere else.
 * SVT-AV1 is not among them: with FFmpeg 5.1 it takes no order for a key frame.
 */
export const LIVE_ENCODERS: Readonly<Record<Codec, readonly string[]>> = {
  h264: ["libx264"],
  hevc: ["libx265"],
  vp9: ["libvpx-vp9"],
  av1: ["libaom-av1"],
};

/** For x265, which wants to know; a guess where the source does not tell. */
const USUAL_FRAME_RATE = 30;
/** No limit of ours on the group. */
const GROUP = ["-g", "100000"];

/**
 * An encoder's options: as fast as it is, nothing kept back, no key frame of its own, and a rate that a line can rely
 * on.
 *
 * @param encoder FFmpeg's name of it: one of ours, or one of `hardwareEncoder`
 */
export function liveEncoderArgs(encoder: string, { bitrate, frameRate }: LiveRate): string[] {
  const rate = `${bitrate}`;
  const rates = ["-b:v", rate, "-maxrate", rate, "-bufsize", rate];
  return ["-c:v", encoder, ...options(encoder, rate, frameRate), ...GROUP, ...rates];
}

function options(encoder: string, rate: string, frameRate: number | undefined): readonly string[] {
  switch (encoder) {
    case "libx264":
      return [
        ...["-preset", "veryfast", "-tune", "zerolatency"],
        ...["-forced-idr", "1", "-sc_threshold", "0"],
      ];
    case "libx265": {
      // It counts frames where others look at their times. What FFmpeg guesses of a pipe may be the clock's ticks.
      const fps = frameRate ?? USUAL_FRAME_RATE;
      const params = `log-level=error:scenecut=0:open-gop=0:fps=${Math.round(fps * 1000)}/1000`;
      return [
        ...["-preset", "ultrafast", "-tune", "zerolatency"],
        ...["-forced-idr", "1", "-x265-params", params],
      ];
    }
    case "libvpx-vp9":
      return [
        ...["-deadline", "realtime", "-cpu-used", "8", "-row-mt", "1"],
        ...["-lag-in-frames", "0", "-auto-alt-ref", "0", "-minrate", rate],
      ];
    case "libaom-av1":
      return [
        ...["-usage", "realtime", "-cpu-used", "8", "-row-mt", "1"],
        ...["-lag-in-frames", "0", "-minrate", rate],
      ];
    default:
      return encoder.endsWith("_nvenc")
        ? [
            ...["-preset", "p4", "-tune", "ll", "-rc", "cbr", "-bf", "0"],
            ...["-zerolatency", "1", "-delay", "0", "-forced-idr", "1", "-no-scenecut", "1"],
          ]
        : ["-bf", "0"];
  }
}

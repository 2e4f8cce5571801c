import { rangeAt, rangesOf } from "../latency/live-edge.js";
import type { PlayerStats } from "../types.js";

/** The part of the statistics that the element knows. */
export function playbackStats(
  video: HTMLVideoElement,
): Pick<
  PlayerStats,
  "width" | "height" | "latencyMs" | "bufferMs" | "decodedFrames" | "droppedFrames" | "playbackRate"
> {
  const { currentTime } = video;
  const ranges = rangesOf(video.buffered);
  const quality = video.getVideoPlaybackQuality();
  const msUntil = (end: number | undefined): number =>
    end === undefined ? 0 : Math.max(0, 1000 * (end - currentTime));
  return {
    width: video.videoWidth,
    height: video.videoHeight,
    latencyMs: msUntil(ranges[ranges.length - 1]?.end),
    bufferMs: msUntil(rangeAt(ranges, currentTime)?.end),
    decodedFrames: quality.totalVideoFrames,
    droppedFrames: quality.droppedVideoFrames,
    playbackRate: video.playbackRate,
  };
}

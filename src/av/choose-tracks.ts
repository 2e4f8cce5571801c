import { AvError } from "./error.js";
import type { AudioTrackInfo, MediaInfo, TrackInfo, VideoTrackInfo } from "./media-info.js";

/** A track that is carried from file to file. */
export type MediaTrack = VideoTrackInfo | AudioTrackInfo;

export interface ChosenTracks {
  readonly tracks: readonly MediaTrack[];
  readonly video: VideoTrackInfo | undefined;
  readonly audio: AudioTrackInfo | undefined;
  /** What is said of those that are left out without having been asked for. */
  readonly notes: readonly string[];
}

/**
 * The tracks of audio and video that a job is about: those that are named, else all, or the first of each kind.
 *
 * @param input what an error calls it
 * @throws TypeError for a number that is none of theirs
 * @throws AvError `not-media` where there is none
 */
export function chooseTracks(
  input: string,
  info: MediaInfo,
  wanted: readonly number[] | undefined,
  which: "all" | "first",
): ChosenTracks {
  const carried = info.tracks.filter(isCarried);
  if (carried.length === 0) throw new AvError("not-media", `${input}: no audio or video in it`);
  const tracks =
    wanted !== undefined
      ? wanted.map((index) => named(input, carried, index))
      : which === "all"
        ? carried
        : [carried.find(isVideo), carried.find(isAudio)].filter((track) => track !== undefined);
  const left =
    wanted !== undefined
      ? []
      : info.tracks.filter((track) => !tracks.some(({ index }) => index === track.index));
  return {
    tracks,
    video: tracks.find(isVideo),
    audio: tracks.find(isAudio),
    notes: left.map((track) => `track ${track.index} (${describe(track)}, ${track.codec}) is left out`),
  };
}

function named(input: string, carried: readonly MediaTrack[], index: number): MediaTrack {
  const track = carried.find((one) => one.index === index);
  if (track !== undefined) return track;
  const list = carried.map((one) => `${one.index} (${one.kind}, ${one.codec})`).join(", ");
  throw new TypeError(`tracks: ${input} has no audio or video track ${index}; it has ${list}`);
}

function isCarried(track: TrackInfo): track is MediaTrack {
  return track.kind === "audio" || (track.kind === "video" && !track.attachedPicture);
}

function isVideo(track: MediaTrack): track is VideoTrackInfo {
  return track.kind === "video";
}

function isAudio(track: MediaTrack): track is AudioTrackInfo {
  return track.kind === "audio";
}

function describe(track: TrackInfo): string {
  return track.kind === "video" && track.attachedPicture ? "a still picture" : track.kind;
}

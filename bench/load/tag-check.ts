import { crc32 } from "node:zlib";
import type { Clip } from "../clip.js";
import { findStamp, sharedMicros } from "../stamp.js";

const AUDIO = 8;
const VIDEO = 9;
/** Bytes of a legacy tag's body before its frame: AVC with a composition time, AAC without. */
const VIDEO_HEAD = 5;
const AUDIO_HEAD = 2;
/** A larger step between two tags of one kind is a hole. */
const GAP_MS = 150;

/** What the clip's frames look like, so that what arrives can be told from what does not belong there. */
export interface FrameIndex {
  /** Checksum of each video frame, in order. */
  readonly video: readonly number[];
  /** Checksum of a video frame to where it is first. */
  readonly videoAt: ReadonlyMap<number, number>;
  readonly audio: ReadonlySet<number>;
}

export function indexFrames(clip: Clip): FrameIndex {
  const sums = (kind: string): number[] =>
    clip.packets.filter(({ track }) => track.kind === kind).map(({ data }) => crc32(data));
  const video = sums("video");
  return { video, videoAt: new Map(video.map((sum, at) => [sum, at])), audio: new Set(sums("audio")) };
}

/** Everything that a closely watched viewer got. */
export interface TagCheck {
  /** The body of an FLV tag or RTMP message. @throws Error when it is damaged */
  tag(type: number, timestamp: number, body: Uint8Array): void;
  /** Frames so far, and places where some are missing. */
  readonly frames: { video: number; audio: number; gaps: number };
  /** From the stamp to the complete frame at the viewer, microseconds. Emptied by who reads it. */
  lags: number[];
  /** When the first key frame was complete, on the shared clock. */
  readonly firstKeyAt: number | undefined;
}

/** Checks that the frames are the clip's, whole and in order, whatever container they came in. */
export function createTagCheck(index: FrameIndex): TagCheck {
  const frames = { video: 0, audio: 0, gaps: 0 };
  const newest = new Map<number, number>();
  let nextVideo: number | undefined;
  let firstKeyAt: number | undefined;

  function times(type: number, timestamp: number): void {
    const before = newest.get(type) ?? timestamp;
    if (timestamp < before) throw new Error(`a timestamp of ${timestamp} after ${before}`);
    if (timestamp - before > GAP_MS) frames.gaps += 1;
    newest.set(type, timestamp);
  }

  function video(body: Uint8Array, now: number): void {
    const frame = body.subarray(VIDEO_HEAD);
    const stamp = findStamp(frame);
    if (stamp === undefined || !Number.isFinite(stamp.sentAt)) throw new Error("a frame without a stamp");
    const sum = crc32(frame.subarray(stamp.end), crc32(frame.subarray(0, stamp.start)));
    // The same picture may be in the clip more than once: where it is expected it is right.
    const at = nextVideo !== undefined && index.video[nextVideo] === sum ? nextVideo : index.videoAt.get(sum);
    if (at === undefined) throw new Error("a frame that is not the clip's");
    if (nextVideo === undefined) {
      if ((body[0] as number) >> 4 !== 1) throw new Error("it begins without a key frame");
      firstKeyAt = now;
    } else if (at !== nextVideo) frames.gaps += 1;
    nextVideo = (at + 1) % index.video.length;
    frames.video += 1;
    check.lags.push(now - stamp.sentAt);
  }

  const check: TagCheck = {
    tag(type, timestamp, body) {
      const now = sharedMicros();
      // The second byte is 0 in a sequence header.
      if ((type !== VIDEO && type !== AUDIO) || body[1] !== 1) return;
      times(type, timestamp);
      if (type === VIDEO) return video(body, now);
      if (!index.audio.has(crc32(body.subarray(AUDIO_HEAD))))
        throw new Error("a sound that is not the clip's");
      frames.audio += 1;
    },
    frames,
    lags: [],
    get firstKeyAt() {
      return firstKeyAt;
    },
  };
  return check;
}

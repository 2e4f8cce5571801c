import { chooseTracks } from "./choose-tracks.js";
import { encodableAs } from "./codecs.js";
import { refuseUnheld } from "./container.js";
import { type Converted, convertFile, type OutputOptions } from "./convert-file.js";
import { copyNotes } from "./copyable.js";
import { AvError } from "./error.js";
import type { Job } from "./job.js";
import { parseSource } from "./source.js";
import type { VideoTask } from "./task.js";

export interface CutOptions extends OutputOptions {
  /** From the input's beginning, fractions too; 0 by default. */
  readonly fromMs?: number;
  /** The first moment that is not in the output; the input's end by default. */
  readonly toMs?: number;
  /**
   * The picture begins with the first frame at or after `fromMs` and is encoded anew for it, all of it, in the codec that it has; the
   * sound is copied. Else nothing is encoded, and it begins at the key frame at or before `fromMs`: `startUs` of the
   * result tells which.
   */
  readonly exact?: boolean;
  /** Which tracks of the input, by the numbers that `probe` gives; all of audio and video by default. */
  readonly tracks?: readonly number[];
}

/** A hundred days. */
const MAX_MS = 8_640_000_000;
/** A cut is not to be seen: finer than what is enough for a stream, in x264's and x265's scale. */
const EXACT_QUALITY = { h264: 18, hevc: 22, vp9: 24, av1: 24 } as const;

/**
 * A part of a file. The output's times begin at 0.
 *
 * @throws TypeError; `done` rejects with AvError: `unsupported` where the part is not in the input
 */
export function cut(input: string, output: string, options: CutOptions = {}): Job<Converted> {
  const source = parseSource(input);
  const { fromMs = 0, toMs, exact = false } = options;
  if (!(fromMs >= 0 && fromMs <= MAX_MS)) throw new TypeError("fromMs must be a number from 0");
  if (toMs !== undefined && !(toMs > fromMs && toMs <= MAX_MS))
    throw new TypeError("toMs must be a number above fromMs");
  const fromUs = Math.round(fromMs * 1_000);
  const toUs = toMs === undefined ? undefined : Math.round(toMs * 1_000);
  return convertFile("cut", [source], output, options, async ({ engine, infos: [info], container }) => {
    const chosen = chooseTracks(input, info!, options.tracks, "all");
    const { tracks, video, audio, notes } = chosen;
    refuseUnheld(container, tracks, engine.version);
    const { durationUs } = info!;
    if (durationUs !== undefined && fromUs >= durationUs)
      throw new AvError(
        "unsupported",
        `${input} is ${durationUs / 1_000_000} s long: nothing of it is there to cut`,
      );
    let picture: VideoTask | "copy" | "none" = video === undefined ? "none" : "copy";
    if (exact && video !== undefined) {
      const codec = encodableAs(video.codec);
      if (codec === undefined)
        throw new AvError(
          "unsupported",
          `${input}: ${video.codec} is not encoded here; cut at key frames, without exact`,
        );
      picture = { codec, filters: [], hardware: "none", quality: EXACT_QUALITY[codec] };
    }
    const end = Math.min(toUs ?? Number.POSITIVE_INFINITY, durationUs ?? Number.POSITIVE_INFINITY);
    return {
      task: {
        inputs: [{ source, fromUs, ...(toUs === undefined ? {} : { toUs }) }],
        video: picture,
        audio: audio === undefined ? "none" : "copy",
        tracks: tracks.map(({ index }) => index),
      },
      totalUs: Number.isFinite(end) ? end - fromUs : undefined,
      notes: picture === "copy" ? [...notes, ...copyNotes(input, info!, chosen, container)] : notes,
    };
  });
}

import { chooseTracks } from "./choose-tracks.js";
import { refuseUnheld } from "./container.js";
import { type Converted, convertFile, type OutputOptions } from "./convert-file.js";
import { copyNotes } from "./copyable.js";
import type { Job } from "./job.js";
import { parseSource } from "./source.js";

export interface RemuxOptions extends OutputOptions {
  /** Which tracks of the input, by the numbers that `probe` gives; all of audio and video by default. */
  readonly tracks?: readonly number[];
}

/**
 * Puts what is in a file or at an address into another container, as it is encoded: MP4, FLV, Matroska, WebM, MPEG-TS
 * and AVI.
 *
 * Every packet keeps its bytes, its order and its times, but for what containers themselves want: the clock that they
 * count in (FLV and Matroska in milliseconds), one offset for all tracks (the output begins at 0), and the framing of
 * NAL units and of AAC. Subtitles and data are left out, which `notes` tells.
 *
 * @throws TypeError, AvError for an input that is no path or address; `done` rejects with AvError: `unsupported` names
 * the codec that the container cannot hold, before anything is written
 */
export function remux(input: string, output: string, options: RemuxOptions = {}): Job<Converted> {
  const source = parseSource(input);
  return convertFile("remux", [source], output, options, async ({ engine, infos: [info], container }) => {
    const chosen = chooseTracks(input, info!, options.tracks, "all");
    const { tracks, video, audio, notes } = chosen;
    refuseUnheld(container, tracks, engine.version);
    return {
      task: {
        inputs: [{ source }],
        video: video === undefined ? "none" : "copy",
        audio: audio === undefined ? "none" : "copy",
        tracks: tracks.map(({ index }) => index),
      },
      totalUs: info!.durationUs,
      notes: [...notes, ...copyNotes(input, info!, chosen, container)],
    };
  });
}

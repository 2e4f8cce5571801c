import { chooseTracks, type MediaTrack } from "./choose-tracks.js";
import { canHold, type OutputContainer, refuseUnheld } from "./container.js";
import { type Converted, convertFile, type OutputOptions } from "./convert-file.js";
import { AvError } from "./error.js";
import type { Job } from "./job.js";
import { requireReadable } from "./open.js";
import { type PictureOptions, type PicturePlan, planPicture } from "./picture-options.js";
import { parseSource } from "./source.js";
import type { AudioTask, VideoTask } from "./task.js";

export interface TranscodeOptions extends OutputOptions, PictureOptions {
  /** Which tracks of the input, by the numbers that `probe` gives; the first of each kind by default. */
  readonly tracks?: readonly number[];
}

/**
 * Encodes a file, or what is at an address, anew: another codec, size, shape or rate, a watermark, a text.
 *
 * Each frame keeps its time, unless `fps` says otherwise; a variable frame rate stays one (AVI has none).
 *
 * @throws TypeError that names the option; `done` rejects with AvError
 */
export function transcode(input: string, output: string, options: TranscodeOptions = {}): Job<Converted> {
  const source = parseSource(input);
  // Once here for what the caller got wrong; again when the container is known.
  planPicture(options, "mp4");
  return convertFile("transcode", [source], output, options, async ({ engine, infos: [info], container }) => {
    const { tracks, notes, ...chosen } = chooseTracks(input, info!, options.tracks, "first");
    const plan = planPicture(options, container, chosen.video?.color);
    for (const path of plan.files) await requireReadable({ kind: "file", path });
    const video = chosen.video === undefined ? "none" : plan.video;
    const audio =
      chosen.audio === undefined
        ? "none"
        : soundFor(container, plan.audio, chosen.audio.codec, engine.version);
    const kept = tracks.filter(({ kind }) => (kind === "video" ? video : audio) !== "none");
    if (kept.length === 0) throw new AvError("unsupported", `${input}: nothing of it would be left`);
    refuseUnheld(
      container,
      kept.map((track) => encodedAs(track, video, audio)),
      engine.version,
    );
    return {
      task: { inputs: [{ source }], video, audio, tracks: kept.map(({ index }) => index) },
      totalUs: info!.durationUs,
      notes,
    };
  });
}

/** The sound as it is, where nothing else is asked for and the container takes it. */
export function soundFor(
  container: OutputContainer,
  wanted: PicturePlan["audio"],
  codec: string,
  version: string,
): AudioTask | "copy" | "none" {
  if (wanted !== "default") return wanted;
  return canHold(container, "audio", codec, version) ? "copy" : defaultSound(container);
}

export function defaultSound(container: OutputContainer): AudioTask {
  return { codec: container === "webm" ? "opus" : "aac" };
}

/** A track as it will be in the output. */
function encodedAs(
  { kind, codec, index }: MediaTrack,
  video: VideoTask | "copy" | "none",
  audio: AudioTask | "copy" | "none",
): Pick<MediaTrack, "kind" | "codec" | "index"> {
  const task = kind === "video" ? video : audio;
  return { kind, codec: typeof task === "object" ? task.codec : codec, index };
}

import { type ChosenTracks, chooseTracks } from "./choose-tracks.js";
import { encodableAs } from "./codecs.js";
import { type OutputContainer, refuseUnheld } from "./container.js";
import { type Converted, convertFile, type OutputOptions, type Planned } from "./convert-file.js";
import { copyNotes } from "./copyable.js";
import { differences } from "./differences.js";
import { AvError } from "./error.js";
import type { Job } from "./job.js";
import type { MediaInfo } from "./media-info.js";
import { parseSource } from "./source.js";
import type { VideoTask } from "./task.js";
import { defaultSound } from "./transcode.js";

export interface ConcatOptions extends OutputOptions {
  /**
   * Encodes all of them anew, to the size, shape, rate and codec of the first; what has another shape gets black bars.
   * Else they are joined as they are encoded, and refused where they differ.
   */
  readonly reencode?: boolean;
  /** Leaves the sound out. */
  readonly audio?: "none";
}

/**
 * Joins files, one after the other: the first picture and sound of each.
 *
 * The next one begins where the longest track of the one before ends, so that picture and sound stay together.
 *
 * @throws TypeError; `done` rejects with AvError: `unsupported` says what differs
 */
export function concat(
  inputs: readonly string[],
  output: string,
  options: ConcatOptions = {},
): Job<Converted> {
  if (!Array.isArray(inputs) || inputs.length < 2) throw new TypeError("inputs must be two files at least");
  const sources = inputs.map(parseSource);
  for (const source of sources)
    if (source.kind !== "file") throw new TypeError(`inputs must be files: ${source.url.split("?", 1)[0]}`);
  for (const input of inputs) if (/[\r\n]/.test(input)) throw new TypeError("inputs: a line break in a name");
  const { reencode = false } = options;
  return convertFile("concat", sources, output, options, async ({ engine, infos, container }) => {
    const all = infos.map((info, n) => chooseTracks(inputs[n] as string, info, undefined, "first"));
    const parts = options.audio === "none" ? all.map((one) => ({ ...one, audio: undefined })) : all;
    const [first] = parts as [ChosenTracks];
    requireSameKinds(inputs, parts);
    const task = reencode ? encodedTask(first, container) : copiedTask(inputs, parts);
    const made = [
      ...(first.video ? [{ ...first.video, codec: codecOf(task.video, first.video.codec) }] : []),
      ...(first.audio ? [{ ...first.audio, codec: codecOf(task.audio, first.audio.codec) }] : []),
    ];
    refuseUnheld(container, made, engine.version);
    const total = infos.reduce((sum, { durationUs = Number.NaN }) => sum + durationUs, 0);
    return {
      task: { ...task, inputs: sources.map((source) => ({ source })) },
      totalUs: Number.isNaN(total) ? undefined : total,
      notes: parts.flatMap((part, n) => {
        const input = inputs[n] as string;
        const copied = reencode ? [] : copyNotes(input, infos[n] as MediaInfo, part, container);
        return [...part.notes, ...copied].map((note) => `${input}: ${note}`);
      }),
    };
  });
}

type Task = Omit<Planned["task"], "inputs">;

function requireSameKinds(inputs: readonly string[], parts: readonly ChosenTracks[]): void {
  for (const kind of ["video", "audio"] as const) {
    const having = parts.findIndex((part) => part[kind] !== undefined);
    const lacking = parts.findIndex((part) => part[kind] === undefined);
    if (having === -1 || lacking === -1) continue;
    const hint = kind === "audio" ? "; audio none leaves the sound out" : "";
    throw new AvError("unsupported", `${inputs[having]} has ${kind}, ${inputs[lacking]} has none${hint}`);
  }
}

function copiedTask(inputs: readonly string[], parts: readonly ChosenTracks[]): Task {
  const [first, ...others] = parts as [ChosenTracks, ...ChosenTracks[]];
  for (const [n, other] of others.entries()) {
    const found = differences(first, other);
    if (found.length > 0)
      throw new AvError(
        "unsupported",
        `${inputs[n + 1]} differs from ${inputs[0]}: ${found.join(", ")}; reencode makes them equal`,
      );
  }
  return { video: first.video ? "copy" : "none", audio: first.audio ? "copy" : "none" };
}

function encodedTask({ video, audio }: ChosenTracks, container: OutputContainer): Task {
  const codec = video && ((container === "webm" ? "vp9" : encodableAs(video.codec)) ?? "h264");
  let picture: VideoTask | "none" = "none";
  if (video !== undefined && codec !== undefined) {
    const turned = video.rotation % 180 !== 0;
    const [width, height] = turned ? [video.height, video.width] : [video.width, video.height];
    picture = {
      codec,
      filters: [
        { kind: "fps", fps: video.fps ?? 25 },
        // Even, as 4:2:0 wants.
        { kind: "scale", width: width - (width % 2), height: height - (height % 2) },
      ],
      hardware: "none",
    };
  }
  const sound =
    audio === undefined ? "none" : { ...defaultSound(container), channels: Math.min(audio.channels, 2) };
  return { video: picture, audio: sound };
}

function codecOf(task: Task["video"] | Task["audio"], codec: string): string {
  return typeof task === "object" ? task.codec : codec;
}

import type { Source } from "../source.js";
import type { Container, ConvertInput, ConvertTask, VideoFilter, VideoTask } from "../task.js";
import { audioEncoderArgs, encoderDevice, pixelFormat, videoEncoderArgs } from "./encoder.js";
import { filterGraph } from "./filter.js";
import { inputArgs } from "./input.js";
import { muxerArgs } from "./muxer.js";
import { isBefore } from "./pictures.js";

/** What is not in the task, and found out before. */
export interface Found {
  /** FFmpeg's name of the encoder of the picture; undefined where it is not encoded. */
  readonly encoder: string | undefined;
  /** Its version: options change their names. */
  readonly version: string;
  /** Of a part of a source; undefined where all of it is wanted. */
  readonly part: Part | undefined;
}

/** Microseconds from the source's beginning. */
export interface Part {
  /** Where reading begins: at a key frame, where there are any. */
  readonly seekUs: number;
  /** Where the output begins: a copied picture at a key frame. */
  readonly startUs: number;
  readonly endUs: number | undefined;
}

const PROGRESS_EVERY_S = "0.25";

/**
 * A task as FFmpeg's arguments. Progress goes to descriptor 3.
 *
 * Where several inputs are joined without encoding, standard input is the list of them (`joinList`).
 */
export function convertArgs(task: ConvertTask, found: Found): string[] {
  const { output } = task;
  const seekable = output.kind === "file";
  const joined = task.inputs.length > 1;
  return [
    ...[
      "-hide_banner",
      "-loglevel",
      "level+warning",
      "-y",
      "-progress",
      "pipe:3",
      "-stats_period",
      PROGRESS_EVERY_S,
    ],
    ...encoderDevice(found.encoder ?? ""),
    ...(task.keepTimestamps === true ? ["-copyts"] : []),
    ...inputs(task, found),
    ...(joined && isEncoded(task) ? joinGraph(task, found) : simpleMaps(task, found)),
    ...audio(task, found),
    ...(joined ? [] : partArgs(found.part)),
    // Chapters have the times of one file.
    ...(joined ? ["-map_chapters", "-1"] : []),
    ...["-max_muxing_queue_size", "4096", ...muxerArgs(output.container, seekable)],
    seekable ? `file:${output.path}` : "pipe:1",
  ];
}

function isEncoded({ video, audio }: ConvertTask): boolean {
  return typeof video === "object" || typeof audio === "object";
}

/**
 * What is left out from where reading begins. Of a picture that is copied nothing may be, not even 0: FFmpeg compares
 * with its decoding time, and would pass over the key frame.
 */
function partArgs(part: Part | undefined): string[] {
  if (part === undefined) return [];
  const { seekUs, startUs, endUs } = part;
  return [
    ...(startUs === seekUs ? [] : ["-ss", seconds(startUs - seekUs)]),
    ...(endUs === undefined ? [] : ["-t", seconds(endUs - startUs)]),
  ];
}

function inputs(task: ConvertTask, { part }: Found): string[] {
  const [first] = task.inputs;
  if (first === undefined) throw new TypeError("inputs must have at least one");
  if (task.inputs.length > 1) {
    if (isEncoded(task)) return task.inputs.flatMap((input) => oneInput(input));
    // Packets as they are: H.264 would be turned into Annex B, for files that differ.
    const list = ["-f", "concat", "-safe", "0", "-auto_convert", "0", "-i", "pipe:0"];
    return ["-protocol_whitelist", "file,pipe", ...list];
  }
  return [
    ...oneInput(first, part?.seekUs, task.video === "copy"),
    ...(task.soundFrom ? oneInput(task.soundFrom) : []),
  ];
}

function oneInput(input: ConvertInput, seekUs?: number, copied = false): string[] {
  const { source, realtime, shiftUs } = input;
  const before = [
    ...(realtime === true ? ["-re"] : []),
    ...(shiftUs === undefined ? [] : ["-itsoffset", seconds(shiftUs)]),
    // AVI has no presentation times; without B-frames they are those of decoding.
    ...(copied ? ["-fflags", "+genpts"] : []),
    ...(seekUs === undefined || seekUs === 0 ? [] : ["-ss", seconds(seekUs)]),
  ];
  return inputArgs(source, before);
}

/** Which tracks, and what becomes of them, where there is one picture at most. */
function simpleMaps(task: ConvertTask, { encoder, part, version }: Found): string[] {
  const { video, audio, tracks } = task;
  const maps: string[] = [];
  if (tracks !== undefined) maps.push(...tracks.flatMap((index) => ["-map", `0:${index}`]));
  else {
    if (video !== "none") maps.push("-map", "0:v:0?");
    if (audio !== "none" && task.soundFrom === undefined) maps.push("-map", "0:a:0?");
  }
  if (audio !== "none" && task.soundFrom !== undefined) maps.push("-map", "1:a:0?");
  if (video === "none") return [...maps, "-vn"];
  if (video === "copy")
    return [...maps, "-c:v", "copy", ...(part === undefined ? [] : ["-copypriorss:v", "0"])];
  return [...maps, ...encoded(video, task, encoder ?? "rawvideo", version)];
}

function encoded(video: VideoTask, task: ConvertTask, encoder: string, version: string): string[] {
  const { container } = task.output;
  const graph = filterGraph(video.filters, pixelFormat(encoder));
  return [
    "-filter:v",
    graph,
    ...times(video, container, version),
    ...(video.frameUs === undefined ? [] : ["-bsf:v", lastDuration(video.frameUs)]),
    ...videoEncoderArgs(encoder, video, container),
  ];
}

/** A last picture of no duration would not be in the time that an MP4 says it has. */
function lastDuration(frameUs: number): string {
  return `setts=duration=if(DURATION\\,DURATION\\,${frameUs}/1000000/TB)`;
}

/** Each picture keeps its time; left alone, FFmpeg rounds it to the average rate. Only AVI has no times but that. */
function times({ clock }: VideoTask, container: Container, version: string): string[] {
  const mode = isBefore(version, 5, 1) ? "-vsync" : "-fps_mode";
  if (container === "avi") return [mode, "cfr"];
  return [mode, "vfr", "-enc_time_base", clock === undefined ? "-1" : `1/${clock}`];
}

function audio({ audio }: ConvertTask, { part }: Found): string[] {
  if (audio === "none") return ["-an"];
  if (audio !== "copy") return audioEncoderArgs(audio);
  return ["-c:a", "copy", ...(part === undefined ? [] : ["-copypriorss:a", "0"])];
}

/** Several inputs, decoded, brought to one shape by the task's filters and joined. */
function joinGraph(task: ConvertTask, { encoder }: Found): string[] {
  const { video, audio } = task;
  if (video === "copy" || audio === "copy")
    throw new TypeError("several inputs are encoded or copied as a whole");
  const shape = video === "none" ? undefined : joinShape(video.filters);
  const chains: string[] = [];
  let ends = "";
  for (const n of task.inputs.keys()) {
    if (shape !== undefined) chains.push(`[${n}:v:0]${shape}[v${n}]`);
    if (audio !== "none") chains.push(`[${n}:a:0]${soundShape(audio)}[a${n}]`);
    ends += `${shape === undefined ? "" : `[v${n}]`}${audio === "none" ? "" : `[a${n}]`}`;
  }
  const [v, a] = [shape === undefined ? 0 : 1, audio === "none" ? 0 : 1];
  chains.push(`${ends}concat=n=${task.inputs.length}:v=${v}:a=${a}${v ? "[vj]" : ""}${a ? "[a]" : ""}`);
  if (v) chains.push(`[vj]${pixelFormat(encoder ?? "").join(",")}[v]`);
  return [
    ...["-filter_complex", chains.join(";")],
    ...(v ? ["-map", "[v]"] : []),
    ...(a ? ["-map", "[a]"] : []),
    ...(video === "none" ? [] : videoEncoderArgs(encoder ?? "", video, task.output.container)),
  ];
}

/** The join filter wants pictures of one size, pixel shape and rate: what does not fit gets black bars. */
function joinShape(filters: readonly VideoFilter[]): string {
  const scale = filters.find((filter) => filter.kind === "scale");
  const size = `w=${scale?.width}:h=${scale?.height}`;
  const box =
    scale?.width === undefined || scale.height === undefined
      ? ""
      : `scale=${size}:force_original_aspect_ratio=decrease:force_divisible_by=2,` +
        `pad=${size}:x=(ow-iw)/2:y=(oh-ih)/2,`;
  const others = filterGraph(filters.filter(({ kind }) => kind === "fps"));
  return `${box}setsar=1${others === "" ? "" : `,${others}`}`;
}

function soundShape({
  sampleRate = 48_000,
  channels = 2,
}: {
  sampleRate?: number;
  channels?: number;
}): string {
  const layout = channels === 1 ? "mono" : "stereo";
  return `aresample=${sampleRate},aformat=sample_fmts=fltp:channel_layouts=${layout}`;
}

/**
 * The list that FFmpeg joins files by.
 *
 * @throws TypeError for what is no file, or has a name with a line break in it
 */
export function joinList(sources: readonly Source[]): string {
  const files = sources.map((source) => {
    if (source.kind !== "file") throw new TypeError("only files are joined");
    if (/[\r\n]/.test(source.path)) throw new TypeError(`${source.path}: a line break in a name`);
    return `file 'file:${source.path.replaceAll("'", "'\\''")}'\n`;
  });
  return `ffconcat version 1.0\n${files.join("")}`;
}

function seconds(micros: number): string {
  return (micros / 1_000_000).toFixed(6);
}

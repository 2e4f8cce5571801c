import { stat } from "node:fs/promises";
import type { ConvertIo } from "../engine.js";
import { AvError } from "../error.js";
import { type Child, feed, runChild } from "../process.js";
import { sourceName } from "../source.js";
import type { ConvertResult, ConvertTask } from "../task.js";
import { chooseEncoder } from "./choose-encoder.js";
import { complaintsIn } from "./complaints.js";
import { convertArgs, joinList, type Part } from "./convert-args.js";
import { explain } from "./explain.js";
import type { Ffmpeg } from "./find.js";
import { mapsTones } from "./frames.js";
import { keyFrameBefore } from "./keyframe.js";
import { progressLines } from "./progress-lines.js";

const NO_TONE_MAP =
  "this FFmpeg has no zscale and tonemap filters: HDR is not mapped to SDR, and looks washed out where it is shown as that";

/** Remux, cut, join, transcode, capture, encode. See `Engine.convert`. */
export async function ffmpegConvert(
  programs: Ffmpeg,
  asked: ConvertTask,
  io: ConvertIo,
): Promise<ConvertResult> {
  const { task, notes } = await withItsFilters(programs, asked);
  const { output } = task;
  const part = await partOf(programs, task, io);
  const chosen = typeof task.video === "object" ? await chooseEncoder(programs, task.video, io) : undefined;
  const what = task.inputs.map(({ source }) => sourceName(source)).join(", ");
  let timeUs = 0;
  let written = 0;
  let said = complaintsIn("");
  const child: Child = runChild({
    name: "ffmpeg",
    subject: what,
    command: programs.ffmpeg,
    args: convertArgs(task, { encoder: chosen?.encoder, part, version: programs.version }),
    stdin: true,
    onLine: progressLines((progress) => {
      if (progress.timeUs > timeUs || (progress.bytes ?? 0) > written) child.alive();
      timeUs = Math.max(timeUs, progress.timeUs);
      if (output.kind === "file") written = progress.bytes ?? written;
      io.onProgress?.(progress);
    }),
    signal: io.signal,
    ...io.limits,
    background: io.background === true,
  });
  // "q" is FFmpeg's own key for an end in order: the file gets its index.
  const onFinish = (): void => void child.write(Buffer.from("q"));
  io.finish?.addEventListener("abort", onFinish, { once: true });
  if (io.finish?.aborted === true) onFinish();
  const fed = feedInput(child, task, io);
  fed.catch((error: unknown) => child.stop(asAvError(error)));
  try {
    for await (const bytes of child.stdout) {
      written += bytes.length;
      await io.output?.(bytes);
    }
    await fed;
    const end = await child.done;
    said = complaintsIn(end.stderr);
    if (said.damage !== undefined && (end.code !== 0 || task.tolerant !== true))
      throw new AvError(
        "corrupt",
        `${what}: damaged or cut off (${said.damage}); tolerant keeps what can be read`,
      );
    if (end.code !== 0) throw explain({ ...end, stderr: said.errors }, what);
  } catch (error) {
    child.stop(asAvError(error));
    await child.done.catch(() => {});
    throw error;
  } finally {
    io.finish?.removeEventListener("abort", onFinish);
  }
  return {
    durationUs: timeUs,
    bytes: output.kind === "file" ? (await stat(output.path)).size : written,
    ...(part === undefined || task.video !== "copy" ? {} : { startUs: part.startUs }),
    ...(chosen === undefined ? {} : { videoEncoder: chosen.encoder }),
    notes: [
      ...notes,
      ...(chosen?.notes ?? []),
      ...(said.damage === undefined
        ? []
        : [`the input is damaged, and what could be read was kept (${said.damage})`]),
      ...said.notes,
    ],
  };
}

/** What this FFmpeg cannot do is left out, where a picture is worth having without it. */
async function withItsFilters(
  programs: Ffmpeg,
  task: ConvertTask,
): Promise<{ readonly task: ConvertTask; readonly notes: readonly string[] }> {
  const { video } = task;
  const isMapped = (kind: string): boolean => kind === "tone-map";
  if (typeof video !== "object" || !video.filters.some(({ kind }) => isMapped(kind)))
    return { task, notes: [] };
  if (await mapsTones(programs)) return { task, notes: [] };
  const filters = video.filters.filter(({ kind }) => !isMapped(kind));
  return { task: { ...task, video: { ...video, filters } }, notes: [NO_TONE_MAP] };
}

/** Where to begin and end in a source of which a part is wanted. */
async function partOf(programs: Ffmpeg, task: ConvertTask, io: ConvertIo): Promise<Part | undefined> {
  const [input] = task.inputs;
  if (input === undefined || task.inputs.length > 1) return undefined;
  const { source, fromUs, toUs } = input;
  if (fromUs === undefined && toUs === undefined) return undefined;
  if (fromUs === undefined || fromUs === 0) return { seekUs: 0, startUs: 0, endUs: toUs };
  const key = task.video === "none" ? undefined : await keyFrameBefore(programs, source, fromUs, io);
  // Without a key frame, or a picture at all, it begins where it was asked to.
  const startUs = task.video === "copy" ? (key ?? fromUs) : fromUs;
  return { seekUs: key ?? fromUs, startUs, endUs: toUs };
}

async function feedInput(child: Child, task: ConvertTask, io: ConvertIo): Promise<void> {
  const [first, second] = task.inputs;
  if (first?.source.kind === "bytes") await feed(child, io.input ?? none());
  else if (second !== undefined && task.video === "copy") {
    await child.write(Buffer.from(joinList(task.inputs.map(({ source }) => source))));
    child.endInput();
  }
  // Else it stays open: FFmpeg reads its keys from there.
}

function asAvError(error: unknown): AvError {
  if (error instanceof AvError) return error;
  return new AvError("failed", error instanceof Error ? error.message : String(error), { cause: error });
}

async function* none(): AsyncGenerator<Uint8Array> {}

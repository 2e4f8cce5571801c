import type { EngineIo } from "../engine.js";
import { AvError } from "../error.js";
import { feed, runChild } from "../process.js";
import { type Source, sourceName } from "../source.js";
import type { RawFrame } from "../task.js";
import { explain } from "./explain.js";
import { stampOf } from "./filters.js";
import type { Ffmpeg } from "./find.js";
import { inputArgs } from "./input.js";
import { MAX_PIXELS, readPictures } from "./pam.js";

/** One run of ffmpeg. */
export interface PicturesRun {
  readonly source: Source;
  /** Where to begin, microseconds from the start of the file. */
  readonly fromUs?: number | undefined;
  readonly filters: string;
  readonly limit?: number | undefined;
  readonly keyframesOnly?: boolean;
}

/**
 * The pictures of one run of ffmpeg, with times from the start of the file. Whoever leaves the loop ends it.
 *
 * @throws AvError
 */
export async function* readFrames(
  { ffmpeg, version }: Ffmpeg,
  run: PicturesRun,
  { signal, limits, input, background = false }: EngineIo,
): AsyncGenerator<RawFrame> {
  const name = sourceName(run.source);
  const stamps: number[] = [];
  const before = [
    ...(run.fromUs === undefined || run.fromUs <= 0 ? [] : ["-ss", seconds(run.fromUs)]),
    ...(run.keyframesOnly ? ["-skip_frame", "nokey"] : []),
    ...["-max_pixels", String(MAX_PIXELS)],
    ...(background ? ["-threads", "1"] : []),
  ];
  const child = runChild({
    name: "ffmpeg",
    subject: name,
    command: ffmpeg,
    args: [
      ...["-hide_banner", "-nostdin", "-loglevel", "error", "-copyts", "-start_at_zero"],
      ...inputArgs(run.source, before),
      // A cover picture is not the video.
      ...["-map", "0:V:0", "-an", "-sn", "-dn", "-vf", run.filters],
      ...(isBefore(version, 5, 1) ? ["-vsync", "passthrough"] : ["-fps_mode", "passthrough"]),
      ...(run.limit === undefined ? [] : ["-frames:v", String(run.limit)]),
      ...["-c:v", "pam", "-f", "image2pipe", "pipe:1"],
    ],
    stdin: run.source.kind === "bytes",
    onLine(line) {
      const stamp = stampOf(line);
      if (stamp !== undefined) stamps.push(stamp);
    },
    signal,
    ...limits,
    background,
  });
  const fed = input === undefined ? undefined : feed(child, input);
  let left = true;
  try {
    for await (const picture of readPictures(child.stdout)) {
      yield { pts: await stampFor(stamps), ...picture };
    }
    left = false;
  } catch (error) {
    child.stop(error instanceof AvError ? error : new AvError("failed", `${name}: ${String(error)}`));
    // Why it was stopped before, or how it ended, says more than half a picture does.
    const end = await child.done;
    throw end.code === 0 ? error : explain(end, name);
  } finally {
    if (left) child.stop(new AvError("aborted", "no more pictures are wanted"));
    await child.done.catch(() => {});
    await fed;
  }
  // What was decoded before a fault has been given out; now the fault.
  const end = await child.done;
  if (end.code !== 0) throw explain(end, name);
}

/** Its line was written before its pixels; the two descriptors are read in any order. */
async function stampFor(stamps: number[]): Promise<number> {
  for (let turns = 0; stamps.length === 0; turns++) {
    if (turns > 1_000) throw new AvError("failed", "ffmpeg tells no times of its pictures");
    await new Promise((resolve) => void setImmediate(resolve));
  }
  return stamps.shift() ?? 0;
}

/** @internal */
export function isBefore(version: string, major: number, minor: number): boolean {
  const [ours = 0, oursMinor = 0] = version.split(".").map(Number);
  // A build from FFmpeg's main branch (N-12345-g…) is newer.
  if (Number.isNaN(ours)) return false;
  return ours < major || (ours === major && oursMinor < minor);
}

function seconds(us: number): string {
  return (us / 1_000_000).toFixed(6);
}

import type { EngineIo } from "../engine.js";
import { runChild } from "../process.js";
import { type Source, sourceName } from "../source.js";
import { explain } from "./explain.js";
import type { Ffmpeg } from "./find.js";
import { inputArgs } from "./input.js";

/** Longer than the intervals of key frames that encoders make by themselves (250 frames). */
const FIRST_WINDOW_US = 12_000_000;
/** A key frame may be read up to this much after others that are shown later. */
const REORDER_US = 1_000_000;

/**
 * The last key frame of the first video track that is shown at or before a time.
 *
 * Only packets' headers are read, from some seconds before that time on, and from ever earlier while there is none.
 *
 * @param fromUs microseconds from the source's beginning, as is the result; undefined where there is no key frame
 * @throws AvError
 */
export async function keyFrameBefore(
  programs: Ffmpeg,
  source: Source,
  fromUs: number,
  io: EngineIo,
): Promise<number | undefined> {
  for (let window = FIRST_WINDOW_US; ; window *= 4) {
    const startUs = Math.max(0, fromUs - window);
    const key = await lastKey(programs, source, startUs, fromUs, io);
    if (key !== undefined || startUs === 0) return key;
  }
}

async function lastKey(
  { ffprobe }: Ffmpeg,
  source: Source,
  startUs: number,
  fromUs: number,
  { signal, limits }: EngineIo,
): Promise<number | undefined> {
  // "+": counted from where the file's own times start.
  const first = startUs === 0 ? "" : `+${(startUs / 1_000_000).toFixed(6)}`;
  const interval = `${first}%+${((fromUs - startUs + REORDER_US) / 1_000_000).toFixed(6)}`;
  const child = runChild({
    name: "ffprobe",
    command: ffprobe,
    args: [
      ...["-hide_banner", "-loglevel", "error", "-select_streams", "v:0", "-read_intervals", interval],
      ...["-show_entries", "packet=pts_time,flags:format=start_time", "-of", "compact=nk=0"],
      ...inputArgs(source),
    ],
    signal,
    ...limits,
  });
  const keys: number[] = [];
  let start = 0;
  let rest = "";
  for await (const bytes of child.stdout) {
    const lines = (rest + Buffer.from(bytes).toString("latin1")).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const key = /^packet\|pts_time=(-?[\d.]+)\|flags=K/.exec(line)?.[1];
      if (key !== undefined) keys.push(micros(key));
      const begins = /^format\|start_time=(-?[\d.]+)/.exec(line)?.[1];
      if (begins !== undefined) start = micros(begins);
    }
  }
  const end = await child.done;
  if (end.code !== 0) throw explain(end, sourceName(source));
  return keys
    .map((key) => key - start)
    .filter((key) => key <= fromUs)
    .reduce<number | undefined>((last, key) => Math.max(last ?? key, key), undefined);
}

function micros(seconds: string): number {
  return Math.round(Number(seconds) * 1_000_000);
}

import path from "node:path";
import { AvError } from "../av/error.js";
import { type Frame, type FramesOptions, frames as framesOf } from "../av/frames.js";
import type { ImageFormat } from "../av/task.js";
import { writeWhole } from "../av/whole-file.js";
import { type Arguments, readArguments, usage } from "./arguments.js";
import { CommandError, type Terminal } from "./terminal.js";
import { formatTime, parseTime } from "./time.js";

const SPEC = {
  command: "frames",
  values: ["--count", "--output", "--every", "--at", "--size", "--quality", "--tone-map"],
  switches: ["--keyframes"],
  short: { "-n": "--count", "-o": "--output" },
} as const;

const DEFAULT_COUNT = 5;
const DEFAULT_OUTPUT = "frame_%d.png";
const FORMATS: Readonly<Record<string, ImageFormat>> = {
  ".png": "png",
  ".jpg": "jpeg",
  ".jpeg": "jpeg",
  ".webp": "webp",
};
/** `%d`, `%03d`, and `%%` for a percent sign. */
const NUMBER = /%(?:0?(\d{1,2}))?d|%%/g;

/** `sluice frames`: pictures of a file or a live address, as image files. */
export async function frames(argv: readonly string[], terminal: Terminal): Promise<void> {
  const given = readArguments(argv, SPEC);
  const [input] = given.places;
  if (input === undefined || given.places.length > 1) throw usage("one INPUT is needed", SPEC);
  const options = optionsOf(given);
  const output = given.value("--output") ?? DEFAULT_OUTPUT;
  const format = formatOf(output);
  if (!numbered(output) && !isOne(options)) {
    throw usage(`${output}: all pictures would have this name; put %d into it`, SPEC);
  }
  const quality = qualityOf(given, format);
  const stop = new AbortController();
  const forget = terminal.onStop(() => stop.abort(new AvError("aborted", "stopped")));
  let count = 0;
  try {
    for await (const frame of framesOf(input, { ...options, signal: stop.signal })) {
      const file = fileName(output, count);
      await writeWhole(file, await encode(frame, format, quality), stop.signal);
      terminal.out(`${file}  ${formatTime(frame.pts)}  ${frame.width}x${frame.height}\n`);
      count += 1;
    }
  } finally {
    forget();
  }
  // An input without an end may end before there were enough.
  if (
    options.count !== undefined &&
    count < options.count &&
    options.everyMs === undefined &&
    !options.keyframes
  ) {
    throw new CommandError(`${input}: it ended after ${count} of ${options.count} pictures`);
  }
}

function optionsOf(given: Arguments): FramesOptions {
  const time = (name: string, text: string): number => {
    const us = parseTime(text);
    if (us === undefined) throw usage(`${name} ${text}: this is no time, such as 10s or 00:01:02.5`, SPEC);
    return us / 1_000;
  };
  const [count, every, at] = [given.value("--count"), given.value("--every"), given.value("--at")];
  const chosen = [every, at, given.has("--keyframes") || undefined].filter((each) => each !== undefined);
  if (chosen.length > 1) throw usage("--every, --at and --keyframes: only one of them", SPEC);
  if (at !== undefined && count !== undefined) throw usage("--at says how many: leave -n out", SPEC);
  if (count !== undefined && !/^[1-9]\d{0,6}$/.test(count)) {
    throw usage(`-n ${count}: this is no number of pictures`, SPEC);
  }
  const everyMs = every === undefined ? undefined : time("--every", every);
  if (everyMs !== undefined && everyMs < 1) throw usage("--every must be at least 1ms", SPEC);
  const number = count ?? (chosen.length === 0 ? DEFAULT_COUNT : undefined);
  const size = given.value("--size");
  const toneMap = given.value("--tone-map");
  if (toneMap !== undefined && toneMap !== "auto" && toneMap !== "none")
    throw usage(`--tone-map ${toneMap}: auto or none`, SPEC);
  return {
    ...(number === undefined ? {} : { count: Number(number) }),
    ...(everyMs === undefined ? {} : { everyMs }),
    ...(at === undefined ? {} : { atMs: at.split(",").map((text) => time("--at", text)) }),
    ...(given.has("--keyframes") ? { keyframes: true } : {}),
    ...(size === undefined ? {} : { size: sizeOf(size) }),
    ...(toneMap === undefined ? {} : { toneMap }),
  };
}

function sizeOf(text: string): { width?: number; height?: number } {
  const match = /^(\d{1,5})?x(\d{1,5})?$/.exec(text);
  const [, width, height] = match ?? [];
  if (match === null || (width === undefined && height === undefined)) {
    throw usage(`--size ${text}: this is no size, such as 320x, x180 or 320x180`, SPEC);
  }
  return {
    ...(width === undefined ? {} : { width: Number(width) }),
    ...(height === undefined ? {} : { height: Number(height) }),
  };
}

function qualityOf(given: Arguments, format: ImageFormat): number | undefined {
  const text = given.value("--quality");
  if (text === undefined) return undefined;
  const quality = Number(text);
  if (!(quality >= 1 && quality <= 100)) throw usage(`--quality ${text}: it goes from 1 to 100`, SPEC);
  if (format === "png") throw usage("--quality: PNG loses nothing and has none", SPEC);
  return quality;
}

function formatOf(output: string): ImageFormat {
  const extension = path.extname(output).toLowerCase();
  const format = Object.hasOwn(FORMATS, extension) ? FORMATS[extension] : undefined;
  if (format === undefined) throw usage(`${output}: its name must end in .png, .jpg or .webp`, SPEC);
  return format;
}

function isOne({ count, atMs }: FramesOptions): boolean {
  return count === 1 || (Array.isArray(atMs) && atMs.length === 1);
}

function numbered(output: string): boolean {
  return (output.match(NUMBER) ?? []).some((place) => place !== "%%");
}

function fileName(output: string, number: number): string {
  return output.replace(NUMBER, (place, width: string | undefined) =>
    place === "%%" ? "%" : String(number).padStart(Number(width ?? 0), "0"),
  );
}

function encode(frame: Frame, format: ImageFormat, quality: number | undefined): Promise<Uint8Array> {
  return format === "png" ? frame.png() : frame[format](quality);
}

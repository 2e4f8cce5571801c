import type { Converted, OutputOptions } from "../av/convert-file.js";
import { AvError } from "../av/error.js";
import type { Job } from "../av/job.js";
import type { Progress } from "../av/progress.js";
import { type ArgumentSpec, type Arguments, usage } from "./arguments.js";
import { parseBytes, parseTracks } from "./media-values.js";
import { CommandError, EXIT_USAGE, type Terminal } from "./terminal.js";
import { formatTime, parseTime } from "./time.js";

/** What every command that writes a file takes. */
export const OUTPUT_VALUES = ["--timeout", "--memory"] as const;
export const OUTPUT_SWITCHES = ["--force", "--fragmented", "--tolerant"] as const;

export function outputOptions(given: Arguments, spec: ArgumentSpec): OutputOptions {
  const timeoutUs = optional(given, spec, "--timeout", parseTime, "time, such as 90s or 10m");
  const memoryBytes = optional(given, spec, "--memory", parseBytes, "size, such as 512M or 2G");
  return {
    overwrite: given.has("--force"),
    fragmented: given.has("--fragmented"),
    ...(given.has("--tolerant") ? { tolerant: true } : {}),
    ...(timeoutUs === undefined ? {} : { timeoutMs: timeoutUs / 1_000 }),
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
  };
}

/** `--tracks`: which of the input's tracks go into the output. */
export function tracksOption(given: Arguments, spec: ArgumentSpec): { readonly tracks?: readonly number[] } {
  const tracks = optional(given, spec, "--tracks", parseTracks, "list of tracks, such as 0,2");
  return tracks === undefined ? {} : { tracks };
}

/** An option's value, undefined where it is not given. @throws CommandError where it is no such thing */
export function optional<T>(
  given: Arguments,
  spec: ArgumentSpec,
  name: string,
  parse: (text: string) => T | undefined,
  what: string,
): T | undefined {
  const text = given.value(name);
  if (text === undefined) return undefined;
  const value = parse(text);
  if (value === undefined) throw usage(`${name} ${text}: this is no ${what}`, spec);
  return value;
}

/**
 * What Ctrl+C does to a job whose input is an address, which may go on for ever: the file becomes whole. Of a file it
 * throws away what was written.
 */
export function finishing(input: string): { options: { finish?: AbortSignal }; run: RunJobOptions } {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(input)) return { options: {}, run: {} };
  const finish = new AbortController();
  return { options: { finish: finish.signal }, run: { stop: () => finish.abort() } };
}

export interface RunJobOptions {
  /** What the first Ctrl+C does, instead of throwing away what was written. */
  readonly stop?: () => void;
  /** Said of the result besides its file. */
  readonly also?: (done: Converted) => string | undefined;
}

/**
 * Runs a job with a bar where a person watches, and tells what came of it.
 *
 * @param start starts it; what is wrong with the options is a mistake in the command line
 * @throws CommandError, AvError
 */
export async function runJob(
  start: () => Job<Converted>,
  output: string,
  terminal: Terminal,
  options: RunJobOptions = {},
): Promise<void> {
  const job = mistakes(start);
  const forget = terminal.onStop(options.stop ?? (() => job.cancel()));
  const bar = createBar(terminal);
  const stopBar = job.onProgress(bar.show);
  let done: Converted;
  try {
    done = await job.done;
  } catch (error) {
    bar.clear();
    if (error instanceof TypeError) throw new CommandError(error.message, EXIT_USAGE, { cause: error });
    if (error instanceof AvError && error.code === "aborted")
      throw new CommandError(`cancelled; ${output} is as it was before`, undefined, { cause: error });
    throw error;
  } finally {
    stopBar();
    bar.clear();
    forget();
  }
  for (const note of done.notes) terminal.err(`sluice: ${note}\n`);
  const also = options.also?.(done);
  const by = done.videoEncoder === undefined ? "" : `, ${done.videoEncoder}`;
  terminal.out(
    `${output}  ${formatTime(done.durationUs)}  ${megabytes(done.bytes)}${by}${also === undefined ? "" : `, ${also}`}\n`,
  );
}

function mistakes<T>(start: () => T): T {
  try {
    return start();
  } catch (error) {
    throw error instanceof TypeError ? new CommandError(error.message, EXIT_USAGE, { cause: error }) : error;
  }
}

const BAR_WIDTH = 24;

/** A line that changes while a job goes on. */
function createBar(terminal: Terminal): { show(progress: Progress): void; clear(): void } {
  let shown = false;
  return {
    show(progress) {
      if (!terminal.progress) return;
      terminal.err(`\r${barLine(progress)}\x1b[K`);
      shown = true;
    },
    clear() {
      if (shown) terminal.err("\r\x1b[K");
      shown = false;
    },
  };
}

/** `[=========>              ]  40 %  00:00:04.000 of 00:00:10.000  3.1x  0.8 MB  2 s left`. @internal */
export function barLine({ timeUs, totalUs, bytes, speed }: Progress): string {
  const size = bytes === undefined ? undefined : megabytes(bytes);
  const pace = speed === undefined ? undefined : `${speed.toFixed(speed < 10 ? 1 : 0)}x`;
  if (totalUs === undefined || totalUs <= 0)
    return [formatTime(timeUs), pace, size].filter((part) => part !== undefined).join("  ");
  const share = Math.min(timeUs / totalUs, 1);
  const filled = Math.round(share * BAR_WIDTH);
  const bar = `[${"=".repeat(filled)}${filled < BAR_WIDTH ? ">" : ""}`.padEnd(BAR_WIDTH + 1);
  const left =
    speed === undefined || speed <= 0 ? undefined : Math.ceil((totalUs - timeUs) / speed / 1_000_000);
  return [
    `${bar}]`,
    `${String(Math.floor(share * 100)).padStart(3)} %`,
    `${formatTime(timeUs)} of ${formatTime(totalUs)}`,
    pace,
    size,
    left === undefined || left <= 0 ? undefined : `${left} s left`,
  ]
    .filter((part) => part !== undefined)
    .join("  ");
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

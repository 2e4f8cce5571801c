import { containerFor, type OutputContainer } from "./container.js";
import { type ConvertIo, chooseEngine, type Engine, type EngineIo } from "./engine.js";
import { AvError } from "./error.js";
import type { Job } from "./job.js";
import type { MediaInfo } from "./media-info.js";
import { requireReadable } from "./open.js";
import { type AvOptions, jobDesk, limitsOf } from "./options.js";
import { checkOutput, replaceWhole } from "./output-file.js";
import type { Progress } from "./progress.js";
import { isNetwork, type Source } from "./source.js";
import type { ConvertTask } from "./task.js";

/** What every function that writes a file takes. */
export interface OutputOptions extends AvOptions {
  /** Whether a file that is there is replaced, once the new one is whole; else it is an error, `exists`. */
  readonly overwrite?: boolean;
  /** By the output's extension otherwise. */
  readonly container?: Exclude<OutputContainer, "fmp4">;
  /** An MP4 in fragments, one for each group of pictures, instead of one whose index stands in front. */
  readonly fragmented?: boolean;
  /**
   * Goes on past damage in the input, and says so in `notes`; else it is an error, `corrupt`. False by default for a file,
   * true for an address.
   */
  readonly tolerant?: boolean;
  /**
   * Ends it in order, as a live source does not by itself: what was written until then becomes the file. `signal` and
   * `cancel()` throw it away.
   */
  readonly finish?: AbortSignal;
}

/** A file that was written. */
export interface Converted {
  readonly output: string;
  readonly container: OutputContainer;
  /** Of the media in it, microseconds. */
  readonly durationUs: number;
  /** Its size. */
  readonly bytes: number;
  /** Where in the input a picture begins that was copied from a point on, microseconds from the input's beginning. */
  readonly startUs?: number;
  /** The encoder that made the picture: `libx264`, `hevc_nvenc`; absent where it was copied or left out. */
  readonly videoEncoder?: string;
  /** What was done otherwise than asked, or left out, and why: a sentence each. */
  readonly notes: readonly string[];
}

/** A task but for where its output goes, which is the same for all. */
export interface Planned {
  readonly task: Omit<ConvertTask, "output">;
  /** How long the output will be, microseconds; undefined where nobody knows. */
  readonly totalUs: number | undefined;
  readonly notes?: readonly string[];
  /** More of the engine's needs: bytes to read. */
  readonly io?: Partial<Pick<ConvertIo, "input" | "limits">>;
  /** Releases what the plan has taken, once the engine is done or has failed. */
  readonly release?: () => Promise<void>;
}

export interface PlanContext {
  readonly engine: Engine;
  /** Of the sources, in their order; none of a camera or a generated picture, which begins anew whenever it is opened. */
  readonly infos: readonly MediaInfo[];
  readonly container: OutputContainer;
  readonly io: EngineIo;
}

/** A network source that gives nothing for so long gives nothing any more. */
const NETWORK_STALL_MS = 60_000;
/** A large file's index is moved to its front at the end, of which nothing is heard. */
const FILE_STALL_MS = 600_000;

/**
 * Runs one conversion as a job: looks at the sources, has it planned, and writes the output under another name until it
 * is whole. Whatever can be refused is refused before anything is written.
 *
 * @throws TypeError for an output that is no path; all else is in `done`
 */
export function convertFile(
  kind: string,
  sources: readonly Source[],
  output: string,
  options: OutputOptions,
  plan: (context: PlanContext) => Promise<Planned>,
): Job<Converted> {
  requirePath(output);
  const { overwrite = false, tolerant = sources.some(isNetwork), finish } = options;
  const limits = limitsOf(options, {
    stallTimeoutMs: sources.some(isNetwork) ? NETWORK_STALL_MS : FILE_STALL_MS,
  });
  async function work(io: EngineIo, report: (progress: Progress) => void): Promise<Converted> {
    const container = containerFor(output, options.container, options.fragmented === true);
    for (const source of sources) await requireReadable(source);
    const file = { output, overwrite, sources };
    await checkOutput(file);
    const engine = await chooseEngine(options);
    const infos: MediaInfo[] = [];
    for (const source of sources)
      if (isProbed(source)) infos.push(await engine.probe({ source, packets: 0 }, io));
    const { task, totalUs, notes = [], io: more, release } = await plan({ engine, infos, container, io });
    const convertIo: ConvertIo = {
      ...io,
      ...(finish === undefined ? {} : { finish }),
      ...more,
      onProgress: (progress) => report({ ...progress, totalUs }),
    };
    try {
      const done = await replaceWhole(file, async (path) => {
        const target = { kind: "file", path } as const;
        const result = await engine.convert(
          { tolerant, ...task, output: { ...target, container } },
          convertIo,
        );
        // What cannot be read again takes no good file's place.
        const written = await engine.probe({ source: target, packets: 0 }, io);
        return { ...result, durationUs: written.durationUs ?? result.durationUs };
      });
      const { durationUs, bytes, startUs, videoEncoder } = done;
      return {
        ...{ output, container, durationUs, bytes },
        ...(startUs === undefined ? {} : { startUs }),
        ...(videoEncoder === undefined ? {} : { videoEncoder }),
        notes: [...notes, ...done.notes],
      };
    } finally {
      await release?.();
    }
  }

  return jobDesk(options).start(
    kind,
    async ({ signal: caller, report }) => {
      const { signal, clear } = withTimeout(caller, limits.timeoutMs);
      try {
        return await work({ signal, limits }, report);
      } finally {
        clear();
      }
    },
    options.signal,
  );
}

/** The processes of a job have one limit together. */
function withTimeout(caller: AbortSignal, timeoutMs: number): { signal: AbortSignal; clear(): void } {
  const late = new AbortController();
  const error = new AvError("timeout", `not done within the limit of ${timeoutMs / 1_000} s`);
  const timer = timeoutMs > 0 ? setTimeout(() => late.abort(error), timeoutMs) : undefined;
  return { signal: AbortSignal.any([caller, late.signal]), clear: () => clearTimeout(timer) };
}

function requirePath(output: string): void {
  if (typeof output !== "string" || output === "" || output.includes("\0"))
    throw new TypeError("output must be the path of a file");
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(output))
    throw new TypeError("output must be the path of a file, not an address; sluice push publishes to one");
}

function isProbed({ kind }: Source): boolean {
  return kind !== "lavfi" && kind !== "camera" && kind !== "bytes";
}

import { AvError, INSTALL_FFMPEG } from "./error.js";
import { findFfmpeg } from "./ffmpeg/find.js";
import type { MediaInfo } from "./media-info.js";
import { findNodeAv } from "./node-av/find.js";
import type { Progress } from "./progress.js";
import type {
  ConvertResult,
  ConvertTask,
  FramesTask,
  ImageTask,
  Limits,
  ProbeTask,
  RawFrame,
} from "./task.js";

/** What a task needs besides its data. */
export interface EngineIo {
  readonly signal: AbortSignal;
  readonly limits: Limits;
  /** The bytes of a source of kind `bytes`. */
  readonly input?: AsyncIterable<Uint8Array>;
  /** Gives way to other work on this machine, and takes one core. */
  readonly background?: boolean;
}

export interface ConvertIo extends EngineIo {
  /** Takes the bytes of an output of kind `bytes`; nothing more comes before its promise has settled. */
  readonly output?: (bytes: Uint8Array) => Promise<void> | void;
  readonly onProgress?: (progress: Progress) => void;
  /** Asks for an end in order: what was written until then becomes whole. For sources without an end of their own. */
  readonly finish?: AbortSignal;
}

/**
 * Who does the work: FFmpeg's programs, or node-av in a process of ours. All of it is done in other processes, and each
 * call settles once what it started is gone.
 */
export interface Engine {
  readonly name: "ffmpeg" | "node-av";
  /** FFmpeg's, such as `5.1.6` or `8.1`. */
  readonly version: string;
  /** @throws AvError */
  probe(task: ProbeTask, io: EngineIo): Promise<MediaInfo>;
  /** Back-pressured: a consumer that does not ask holds the engine back. @throws AvError */
  frames(task: FramesTask, io: EngineIo): AsyncIterable<RawFrame>;
  /** @throws AvError */
  image(task: ImageTask, rgba: Uint8Array, io: EngineIo): Promise<Uint8Array>;
  /**
   * Writes the output from its beginning; who wants to keep a file that is there names another (`replaceWhole`).
   *
   * @throws AvError
   */
  convert(task: ConvertTask, io: ConvertIo): Promise<ConvertResult>;
}

export interface EngineOptions {
  /** The first that is installed, by default. */
  readonly engine?: Engine | "ffmpeg" | "node-av";
  /** Path of the program; else `SLUICE_FFMPEG`, else from PATH. */
  readonly ffmpeg?: string;
  /** Path of the program; else `SLUICE_FFPROBE`, else the one beside ffmpeg, else from PATH. */
  readonly ffprobe?: string;
}

/** Looks for one engine; undefined where it is not installed. */
type Finder = (options: EngineOptions, env: NodeJS.ProcessEnv) => Promise<Engine | undefined>;

/** In the order of preference. The process that asks never loads a native library: an engine is elsewhere. */
const FINDERS: readonly (readonly [Engine["name"], Finder])[] = [
  ["node-av", findNodeAv],
  ["ffmpeg", findFfmpeg],
];

/**
 * The engine to work with.
 *
 * @param env `SLUICE_AV_ENGINE` names one
 * @throws AvError `no-engine`
 */
export async function chooseEngine(
  options: EngineOptions = {},
  env: NodeJS.ProcessEnv = process.env,
): Promise<Engine> {
  if (typeof options.engine === "object") return options.engine;
  const wanted = options.engine ?? env.SLUICE_AV_ENGINE;
  for (const [name, find] of FINDERS) {
    if (wanted !== undefined && wanted !== "" && wanted !== name) continue;
    const engine = await find(options, env);
    if (engine !== undefined) return engine;
  }
  throw new AvError(
    "no-engine",
    `${wanted === undefined || wanted === "" ? "neither node-av nor ffmpeg" : `no ${wanted}`} is installed here. ` +
      `${INSTALL_FFMPEG} or node-av (npm install node-av), ` +
      "or name the programs: SLUICE_FFMPEG=/path/to/ffmpeg SLUICE_FFPROBE=/path/to/ffprobe",
  );
}

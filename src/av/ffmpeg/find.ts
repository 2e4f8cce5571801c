import path from "node:path";
import type { Engine, EngineOptions } from "../engine.js";
import { AvError } from "../error.js";
import { isExecutable } from "../process-group.js";
import { ask } from "./ask.js";
import { ffmpegConvert } from "./convert.js";
import { ffmpegFrames } from "./frames.js";
import { ffmpegImage } from "./image.js";
import { ffmpegProbe } from "./probe.js";

/** The programs, as paths. */
export interface Ffmpeg {
  readonly ffmpeg: string;
  readonly ffprobe: string;
  /** `5.1.9` of `5.1.9-0+deb12u1`. */
  readonly version: string;
}

const VERSION_TIMEOUT_MS = 10_000;

/** Asking takes 30 ms, and an installed program does not change under us. */
const engines = new Map<string, Promise<Engine>>();

/**
 * The engine that runs FFmpeg's own programs; undefined where they are not installed.
 *
 * @throws AvError where a path is given, and is none
 */
export async function findFfmpeg(
  options: EngineOptions,
  env: NodeJS.ProcessEnv,
): Promise<Engine | undefined> {
  const given = options.ffmpeg ?? env.SLUICE_FFMPEG ?? "";
  const ffmpeg = given === "" ? inPath("ffmpeg", env) : given;
  if (ffmpeg === undefined) return undefined;
  const givenProbe = options.ffprobe ?? env.SLUICE_FFPROBE ?? "";
  const ffprobe = givenProbe === "" ? (beside(ffmpeg) ?? inPath("ffprobe", env)) : givenProbe;
  if (ffprobe === undefined) {
    throw new AvError("no-engine", `${ffmpeg} is there, but no ffprobe: name it with SLUICE_FFPROBE`);
  }
  const key = `${ffmpeg}\0${ffprobe}`;
  const known = engines.get(key);
  if (known !== undefined) return known;
  const engine = createEngine(ffmpeg, ffprobe);
  engines.set(key, engine);
  engine.catch(() => engines.delete(key));
  return engine;
}

async function createEngine(ffmpeg: string, ffprobe: string): Promise<Engine> {
  const programs = { ffmpeg, ffprobe, version: await versionOf(ffmpeg) };
  return {
    name: "ffmpeg",
    version: programs.version,
    probe: (task, io) => ffmpegProbe(programs, task, io),
    frames: (task, io) => ffmpegFrames(programs, task, io),
    image: (task, rgba, io) => ffmpegImage(programs, task, rgba, io),
    convert: (task, io) => ffmpegConvert(programs, task, io),
  };
}

async function versionOf(command: string): Promise<string> {
  const { text, code } = await ask(command, ["-version"], VERSION_TIMEOUT_MS);
  const version = /^ffmpeg version (?:n)?(\S+)/.exec(text)?.[1];
  if (code !== 0 || version === undefined) {
    throw new AvError("no-engine", `${command} does not run as ffmpeg does: ${command} -version says why`);
  }
  return /^\d+(\.\d+)*/.exec(version)?.[0] ?? version;
}

function inPath(program: string, env: NodeJS.ProcessEnv): string | undefined {
  const file = process.platform === "win32" ? `${program}.exe` : program;
  const folders = (env.PATH ?? "").split(path.delimiter).filter((folder) => path.isAbsolute(folder));
  return folders.map((folder) => path.join(folder, file)).find(isExecutable);
}

function beside(ffmpeg: string): string | undefined {
  const file = path.join(path.dirname(ffmpeg), path.basename(ffmpeg).replace("ffmpeg", "ffprobe"));
  return file !== ffmpeg && isExecutable(file) ? file : undefined;
}

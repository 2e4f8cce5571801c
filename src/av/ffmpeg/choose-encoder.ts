import type { EngineIo } from "../engine.js";
import { AvError } from "../error.js";
import { runChild } from "../process.js";
import type { Hardware, VideoTask } from "../task.js";
import { builtIn } from "./built-in.js";
import {
  type EncodedCodec,
  encoderDevice,
  type HardwareKind,
  hardwareEncoder,
  pixelFormat,
  SOFTWARE,
  videoEncoderArgs,
} from "./encoder.js";
import type { Ffmpeg } from "./find.js";

/** An encoder that was tried or is in every such build, and what to tell of the choice. */
export interface ChosenEncoder {
  readonly encoder: string;
  readonly notes: readonly string[];
}

/** A driver that hangs is no driver. */
const TRIAL_TIMEOUT_MS = 15_000;
const KINDS: Readonly<Record<Hardware, readonly HardwareKind[]>> = {
  none: [],
  auto: ["nvenc", "vaapi"],
  nvenc: ["nvenc"],
  vaapi: ["vaapi"],
};

/** What an encoder is looked for for. */
export interface EncoderWish {
  readonly codec: EncodedCodec;
  readonly hardware: Hardware;
  /** Those that run anywhere, the best first. */
  readonly software: readonly string[];
  /** The options that it is to work with, `-c:v` among them. */
  readonly args: (encoder: string) => readonly string[];
}

/**
 * The encoder for a task.
 *
 * @throws AvError `unsupported` where there is none, or the hardware that was named is not there
 */
export async function chooseEncoder(programs: Ffmpeg, task: VideoTask, io: EngineIo): Promise<ChosenEncoder> {
  const { codec, hardware } = task;
  if (codec === "rawvideo") return { encoder: "rawvideo", notes: [] };
  const args = (encoder: string): string[] =>
    videoEncoderArgs(encoder, { codec, filters: [], hardware }, "mkv");
  return chooseEncoderFor(programs.ffmpeg, { codec, hardware, software: SOFTWARE[codec], args }, io);
}

/**
 * The encoder for a codec. That a build has one for hardware says nothing about the hardware: it is made to encode
 * some pictures, here and now.
 *
 * @param ffmpeg a path, or a name to look for in PATH
 * @throws AvError `unsupported` where there is none, or the hardware that was named is not there
 */
export async function chooseEncoderFor(
  ffmpeg: string,
  wish: EncoderWish,
  io: EngineIo,
): Promise<ChosenEncoder> {
  const { codec, hardware, software } = wish;
  const built = await builtIn(ffmpeg, "encoders");
  const tried: string[] = [];
  for (const kind of KINDS[hardware]) {
    const encoder = hardwareEncoder(codec, kind);
    if (encoder === undefined) tried.push(`${kind} has no ${codec}`);
    else if (!built.has(encoder)) tried.push(`${encoder}: not in this FFmpeg`);
    else {
      const problem = await trial(ffmpeg, encoder, wish, io);
      if (problem === undefined) return { encoder, notes: [] };
      tried.push(`${encoder}: ${problem}`);
    }
  }
  if (hardware !== "none" && hardware !== "auto")
    throw new AvError("unsupported", `no ${hardware} here (${tried.join("; ")}); use hw auto or none`);
  const encoder = software.find((name) => built.has(name));
  if (encoder === undefined)
    throw new AvError("unsupported", `this FFmpeg has no encoder for ${codec} (${software.join(", ")})`);
  const notes =
    tried.length === 0 ? [] : [`no hardware encoder works here (${tried.join("; ")}): ${encoder} is used`];
  return { encoder, notes };
}

/** Undefined where it works, else what FFmpeg said of it. */
async function trial(
  ffmpeg: string,
  encoder: string,
  { args }: EncoderWish,
  io: EngineIo,
): Promise<string | undefined> {
  const child = runChild({
    name: "ffmpeg",
    command: ffmpeg,
    args: [
      ...["-hide_banner", "-nostdin", "-loglevel", "error", ...encoderDevice(encoder)],
      // 256 pixels: nvenc refuses much smaller ones.
      ...["-f", "lavfi", "-i", "testsrc2=size=256x256:rate=25", "-frames:v", "5"],
      ...["-filter:v", pixelFormat(encoder).join(","), ...args(encoder), "-f", "null", "-"],
    ],
    signal: io.signal,
    timeoutMs: TRIAL_TIMEOUT_MS,
    stallTimeoutMs: 0,
    memoryBytes: io.limits.memoryBytes,
  });
  try {
    const { code, stderr } = await child.done;
    return code === 0 ? undefined : firstWords(stderr);
  } catch (error) {
    if (io.signal.aborted || !(error instanceof AvError)) throw error;
    return error.message;
  }
}

/** FFmpeg's first complaint has the cause: `Cannot load libcuda.so.1`. */
function firstWords(stderr: string): string {
  const line = stderr.split(/[\r\n]+/).find((text) => text.trim() !== "") ?? "it failed without a word";
  return line
    .replace(/^(\[[^\]]*\]\s*)+/, "")
    .replace(/\p{Cc}/gu, " ")
    .trim()
    .slice(0, 120);
}

import type { EngineIo } from "../engine.js";
import { AvError } from "../error.js";
import type { FramesTask, RawFrame } from "../task.js";
import type { Ffmpeg } from "./find.js";

// biome-ignore lint/correctness/useYield: not built yet.
export async function* ffmpegFrames(
  _programs: Ffmpeg,
  _task: FramesTask,
  _io: EngineIo,
): AsyncGenerator<RawFrame> {
  throw new AvError("unsupported", "this is not built yet");
}

import type { ConvertIo } from "../engine.js";
import { AvError } from "../error.js";
import type { ConvertResult, ConvertTask } from "../task.js";
import type { Ffmpeg } from "./find.js";

export async function ffmpegConvert(
  _programs: Ffmpeg,
  _task: ConvertTask,
  _io: ConvertIo,
): Promise<ConvertResult> {
  throw new AvError("unsupported", "this is not built yet");
}

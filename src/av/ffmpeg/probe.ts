import type { EngineIo } from "../engine.js";
import { AvError } from "../error.js";
import type { MediaInfo } from "../media-info.js";
import type { ProbeTask } from "../task.js";
import type { Ffmpeg } from "./find.js";

export async function ffmpegProbe(_programs: Ffmpeg, _task: ProbeTask, _io: EngineIo): Promise<MediaInfo> {
  throw new AvError("unsupported", "this is not built yet");
}

export { chooseEngine, type Engine, type EngineOptions } from "./engine.js";
export { AvError, type AvErrorCode } from "./error.js";
export { type Frame, type FramesOptions, frames } from "./frames.js";
export {
  createJobDesk,
  type Job,
  type JobContext,
  type JobDesk,
  type JobDeskOptions,
  type JobLog,
  type Turn,
} from "./job.js";
export type {
  AudioTrackInfo,
  ColorInfo,
  GopInfo,
  HdrInfo,
  MediaInfo,
  OtherTrackInfo,
  TrackInfo,
  VideoTrackInfo,
} from "./media-info.js";
export type { AvOptions } from "./options.js";
export { type ProbeOptions, probe, startProbe } from "./probe.js";
export type { Progress } from "./progress.js";

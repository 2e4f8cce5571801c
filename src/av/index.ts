export { chooseEngine, type Engine, type EngineOptions } from "./engine.js";
export { AvError, type AvErrorCode } from "./error.js";
export { createJobDesk, type Job, type JobDesk, type JobDeskOptions, type JobLog } from "./job.js";
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
export type { Progress } from "./progress.js";

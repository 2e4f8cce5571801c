export { type CaptureOptions, capture } from "./capture.js";
export { type ConcatOptions, concat } from "./concat.js";
export type { Converted, OutputOptions } from "./convert-file.js";
export { type CutOptions, cut } from "./cut.js";
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
export type { PictureOptions } from "./picture-options.js";
export { type ProbeOptions, probe, startProbe } from "./probe.js";
export type { Progress } from "./progress.js";
export { type RemuxOptions, remux } from "./remux.js";
export type { RawFrame } from "./task.js";
export { type TranscodeOptions, transcode } from "./transcode.js";
export {
  type FrameTransform,
  type TransformContext,
  type TransformedFrame,
  type TransformOptions,
  transform,
} from "./transform.js";

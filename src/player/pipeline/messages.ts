import type { Track } from "../../media/model/track.js";
import type { ConnectionEnd, PipelineInit, Progress } from "./pipeline.js";

/** What the page tells the worker. */
export type ToWorker =
  | { readonly type: "init"; readonly init: PipelineInit }
  | { readonly type: "connect" | "disconnect" | "closeSink" | "close" }
  | { readonly type: "say"; readonly text: string }
  | { readonly type: "position"; readonly currentTime: number; readonly before: number };

/** What the worker tells the page. */
export type FromWorker =
  /** Whether it can do it: a worker may be had and yet no media source in it. */
  | { readonly type: "ready"; readonly able: boolean }
  | { readonly type: "attach"; readonly handle: MediaSourceHandle }
  | { readonly type: "detach" }
  | { readonly type: "tracks"; readonly tracks: readonly Track[] }
  | { readonly type: "progress"; readonly progress: Progress }
  | { readonly type: "sinkFailed"; readonly message: string }
  | { readonly type: "end"; readonly end: ConnectionEnd };

import { createWorker, createWorkerFrom } from "./create-worker.js";
import type { Engine, EngineEvents } from "./engine.js";
import { type MseSettings, startMseEngine } from "./mse/engine.js";
import type { PlayerPath } from "./path/choose.js";
import type { PipelineInit } from "./pipeline/pipeline.js";
import { startRemotePipeline } from "./pipeline/remote.js";

/** What every engine is made from. */
export interface EngineInit {
  readonly video: HTMLVideoElement;
  readonly source: PipelineInit;
  readonly settings: MseSettings & {
    readonly workerUrl?: string | undefined;
    readonly workletUrl?: string | undefined;
    readonly swfUrl?: string | undefined;
  };
  readonly events: EngineEvents;
  readonly signal: AbortSignal;
}

/**
 * Starts the engine of a path. What a page may not need comes in a chunk of its own.
 *
 * @returns undefined where the browser turns out not to be able to
 */
export async function startEngine(path: PlayerPath, init: EngineInit): Promise<Engine | undefined> {
  const { video, source, settings, events, signal } = init;
  if (path === "mse-worker") {
    const { workerUrl } = settings;
    const create = (): Worker => (workerUrl === undefined ? createWorker() : createWorkerFrom(workerUrl));
    const start: Parameters<typeof startMseEngine>[1] = (pipelineEvents, onSource) =>
      startRemotePipeline(create, source, remoteAttachment(video, onSource), pipelineEvents, signal);
    return startMseEngine(video, start, settings, events);
  }
  if (path === "webcodecs") {
    const { startWebCodecsEngine } = await import("./webcodecs/engine.js");
    return startWebCodecsEngine(video, source, settings, events);
  }
  if (path === "hls")
    return (await import("./hls/engine.js")).startHlsEngine(video, source.url, settings, events);
  if (path === "flash")
    return (await import("./flash/engine.js")).startFlashEngine(video, source.url, settings, events);
  const { startLocalPipeline } = await import("./mse/local.js");
  const managed = path === "managed-mse";
  return startMseEngine(
    video,
    async (pipelineEvents, onSource) => startLocalPipeline(video, source, managed, onSource, pipelineEvents),
    settings,
    events,
  );
}

function remoteAttachment(
  video: HTMLVideoElement,
  onSource: (on: boolean) => void,
): Parameters<typeof startRemotePipeline>[2] {
  let attached: MediaProvider | null = null;
  return {
    attach(handle) {
      attached = handle as unknown as MediaProvider;
      video.srcObject = attached;
      onSource(true);
    },
    detach() {
      if (attached === null) return;
      onSource(false);
      if (video.srcObject === attached) video.srcObject = null;
      attached = null;
    },
  };
}

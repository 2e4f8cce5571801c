import type { FromWorker, ToWorker } from "./messages.js";
import type { ConnectionEnd, Pipeline, PipelineEvents, PipelineInit } from "./pipeline.js";

/** A worker that has not said a word after this long is not going to, milliseconds. */
const READY_MS = 3000;

/** How the worker's media source comes to the element. */
export interface RemoteAttachment {
  attach(handle: MediaSourceHandle): void;
  detach(): void;
}

/**
 * Starts the pipeline in a worker.
 *
 * @param create makes the worker, of worker.ts
 * @returns undefined where the browser cannot: no module workers, no media source in them, or a policy against it
 */
export async function startRemotePipeline(
  create: () => Worker,
  init: PipelineInit,
  attachment: RemoteAttachment,
  events: PipelineEvents,
  signal: AbortSignal,
): Promise<Pipeline | undefined> {
  let worker: Worker;
  try {
    worker = create();
  } catch {
    return undefined;
  }
  const able = await isReady(worker, signal);
  if (!able || signal.aborted) {
    worker.terminate();
    return undefined;
  }
  const tell = (message: ToWorker): void => worker.postMessage(message);
  let settle: ((end: ConnectionEnd) => void) | undefined;
  let closed = false;

  function end(how: ConnectionEnd): void {
    settle?.(how);
    settle = undefined;
  }
  function fail({ message }: ErrorEvent): void {
    const error = { code: "append-failed", message: `the worker failed: ${message}`, fatal: false } as const;
    end({ kind: "failed", error });
  }

  worker.onerror = fail;
  worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
    // What was under way when it was closed.
    if (closed) return;
    if (data.type === "attach") attachment.attach(data.handle);
    else if (data.type === "detach") attachment.detach();
    else if (data.type === "tracks") events.tracks(data.tracks);
    else if (data.type === "progress") events.progress(data.progress);
    else if (data.type === "sinkFailed") events.sinkFailed(data.message);
    else if (data.type === "end") end(data.end);
  };
  tell({ type: "init", init });
  return {
    connect: () =>
      new Promise((resolve) => {
        settle = resolve;
        if (closed) end({ kind: "disconnected" });
        else tell({ type: "connect" });
      }),
    disconnect: () => tell({ type: "disconnect" }),
    say: (text) => tell({ type: "say", text }),
    closeSink: () => tell({ type: "closeSink" }),
    position: (currentTime, before) => tell({ type: "position", currentTime, before }),
    close() {
      if (closed) return;
      closed = true;
      attachment.detach();
      worker.onmessage = worker.onerror = null;
      // Its socket and its media source end with it.
      worker.terminate();
      end({ kind: "disconnected" });
    },
  };
}

function isReady(worker: Worker, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const done = (able: boolean): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", aborted);
      worker.onmessage = worker.onerror = null;
      resolve(able);
    };
    const aborted = (): void => done(false);
    const timer = setTimeout(aborted, READY_MS);
    signal.addEventListener("abort", aborted);
    worker.onerror = aborted;
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => done(data.type === "ready" && data.able);
  });
}

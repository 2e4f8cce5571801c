// The pipeline in a worker: a page that is busy delays no media. It talks to pipeline/remote.ts.
import type { FromWorker, ToWorker } from "./pipeline/messages.js";
import { createPipeline, type Pipeline } from "./pipeline/pipeline.js";

/** What of a worker's scope is used here: the DOM's types and a worker's exclude each other. */
interface Scope {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker, transfer?: Transferable[]): void;
  close(): void;
}

const scope = globalThis as unknown as Scope;
let pipeline: Pipeline | undefined;

scope.onmessage = ({ data }) => {
  if (data.type === "init") {
    pipeline = createPipeline(
      data.init,
      () => new MediaSource(),
      {
        attach(source) {
          const { handle } = source as MediaSource & { readonly handle: MediaSourceHandle };
          scope.postMessage({ type: "attach", handle }, [handle as unknown as Transferable]);
        },
        detach: () => scope.postMessage({ type: "detach" }),
      },
      {
        tracks: (tracks) => scope.postMessage({ type: "tracks", tracks }),
        progress: (progress) => scope.postMessage({ type: "progress", progress }),
        sinkFailed: (message) => scope.postMessage({ type: "sinkFailed", message }),
      },
    );
  } else if (data.type === "connect") {
    void pipeline?.connect().then((end) => scope.postMessage({ type: "end", end }));
  } else if (data.type === "position") {
    pipeline?.position(data.currentTime, data.before);
  } else if (data.type === "say") {
    pipeline?.say(data.text);
  } else if (data.type === "close") {
    pipeline?.close();
    scope.close();
  } else pipeline?.[data.type]();
};

const { canConstructInDedicatedWorker } = (globalThis.MediaSource ?? {}) as {
  readonly canConstructInDedicatedWorker?: boolean;
};
scope.postMessage({ type: "ready", able: canConstructInDedicatedWorker === true });

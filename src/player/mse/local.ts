import {
  createPipeline,
  type Pipeline,
  type PipelineEvents,
  type PipelineInit,
} from "../pipeline/pipeline.js";
import { createStreamingGate } from "./managed.js";

/**
 * Runs the pipeline in the page's own thread.
 *
 * @param managed with ManagedMediaSource, which opens only where remote playback is disabled (Media Source Extensions
 * section 10)
 */
export function startLocalPipeline(
  video: HTMLVideoElement,
  init: PipelineInit,
  managed: boolean,
  onSource: (on: boolean) => void,
  events: PipelineEvents,
): Pipeline {
  let url = "";
  const attachment = {
    attach(source: MediaSource): void {
      url = URL.createObjectURL(source);
      video.src = url;
      onSource(true);
    },
    detach(): void {
      URL.revokeObjectURL(url);
      if (video.src === url) {
        onSource(false);
        video.removeAttribute("src");
        video.load();
      }
    },
  };
  if (!managed) return createPipeline(init, () => new MediaSource(), attachment, events);
  const { disableRemotePlayback } = video;
  video.disableRemotePlayback = true;
  const gate = createStreamingGate(events);
  const { ManagedMediaSource } = globalThis as unknown as { ManagedMediaSource: typeof MediaSource };
  function createSource(): MediaSource {
    const source = new ManagedMediaSource();
    gate.watch(source);
    return source;
  }
  const pipeline = gate.around(createPipeline(init, createSource, attachment, gate.events));
  return {
    ...pipeline,
    close() {
      pipeline.close();
      video.disableRemotePlayback = disableRemotePlayback;
    },
  };
}

import {
  createPipeline,
  type Pipeline,
  type PipelineEvents,
  type PipelineInit,
} from "../pipeline/pipeline.js";

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
  if (managed) video.disableRemotePlayback = true;
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
  const { ManagedMediaSource } = globalThis as unknown as { ManagedMediaSource: typeof MediaSource };
  const createSource = (): MediaSource => (managed ? new ManagedMediaSource() : new MediaSource());
  return createPipeline(init, createSource, attachment, events);
}

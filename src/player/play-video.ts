/** Starts an element. @param blocked the browser allows it only after a click, or without sound */
export function playVideo(video: HTMLVideoElement, blocked: (message: string) => void): void {
  video.play().catch((error: unknown) => {
    // AbortError: a pause or a new source came between; nothing to tell.
    if (!(error instanceof DOMException) || error.name !== "NotAllowedError") return;
    blocked("the browser allows playback only after a click, or muted");
  });
}

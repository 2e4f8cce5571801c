import type { Capabilities } from "./choose.js";

/** What this browser can do. Nothing is started for it. */
export function readCapabilities(): Capabilities {
  const known = globalThis as unknown as Record<string, unknown>;
  const { MediaSource: source } = known as {
    MediaSource?: { readonly canConstructInDedicatedWorker?: boolean };
  };
  const { AudioContext: audio } = known as { AudioContext?: { readonly prototype: object } };
  return {
    isSecureContext: globalThis.isSecureContext,
    mediaSource: source !== undefined,
    mediaSourceInWorker: source?.canConstructInDedicatedWorker === true && "Worker" in known,
    managedMediaSource: "ManagedMediaSource" in known,
    videoDecoder: "VideoDecoder" in known,
    audioDecoder: "AudioDecoder" in known,
    decodeAudioData: audio !== undefined && "decodeAudioData" in audio.prototype,
    audioWorklet: "AudioWorkletNode" in known,
    nativeHls: document.createElement("video").canPlayType("application/vnd.apple.mpegurl") !== "",
    // Both are known only to who has tried.
    serverHls: false,
    flash: false,
  };
}

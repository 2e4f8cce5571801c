import type { Capabilities } from "./choose.js";
import { hasMediaSourceInWorker } from "./first.js";

/** What this browser can do. Nothing is started for it. */
export function readCapabilities(): Omit<Capabilities, "serverHls"> {
  const known = globalThis as unknown as Record<string, unknown>;
  const { AudioContext: audio } = known as { AudioContext?: { readonly prototype: object } };
  return {
    isSecureContext: globalThis.isSecureContext,
    mediaSource: "MediaSource" in known,
    mediaSourceInWorker: hasMediaSourceInWorker(),
    managedMediaSource: "ManagedMediaSource" in known,
    videoDecoder: "VideoDecoder" in known,
    audioDecoder: "AudioDecoder" in known,
    decodeAudioData: audio !== undefined && "decodeAudioData" in audio.prototype,
    audioWorklet: "AudioWorkletNode" in known,
    nativeHls: document.createElement("video").canPlayType("application/vnd.apple.mpegurl") !== "",
    flash: hasFlash(),
  };
}

/** The plugin, or Ruffle, which shows itself as one. */
function hasFlash(): boolean {
  return navigator.plugins.namedItem("Shockwave Flash") !== null;
}

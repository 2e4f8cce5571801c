import type { Packet } from "../../media/model/packet.js";
import type { AudioTrack } from "../../media/model/track.js";
import { createFileDecoder } from "./file-decoder.js";
import { createNativeDecoder, type SoundDecoder } from "./sound-decoder.js";

/** What the page tells the worklet. Times in milliseconds. */
export type ToWorklet =
  /** Samples of each channel, the first of which is due at this time of the media. */
  | { readonly type: "samples"; readonly time: number; readonly channels: readonly Float32Array[] }
  /** The media's time less the context's. */
  | { readonly type: "clock"; readonly offset: number }
  | { readonly type: "clear" };

/** What happens to the sound. */
export interface SoundEvents {
  /** The browser lets nothing be heard before a click. */
  blocked(): void;
  /** The browser does not decode it, whatever it said before. */
  failed(track: AudioTrack): void;
  /** Samples are there that were gathered and decoded in a lot; the first is due at this time, microseconds. */
  late(pts: number): void;
}

/** Decodes sound and has a worklet play it by the page's clock. While it is muted it costs nothing. */
export class Sound {
  readonly #workletUrl: string;
  readonly #events: SoundEvents;
  #context: AudioContext | undefined;
  #node: AudioWorkletNode | undefined;
  #gain: GainNode | undefined;
  #decoder: SoundDecoder | undefined;
  #track: AudioTrack | undefined;
  /** That could not be decoded after all. */
  #hopeless: AudioTrack | undefined;

  constructor(workletUrl: string, events: SoundEvents) {
    this.#workletUrl = workletUrl;
    this.#events = events;
  }

  get on(): boolean {
    return this.#node !== undefined;
  }

  /** Whether packets wait for others before they are decoded: then `late` tells when their sound is there. */
  get inLots(): boolean {
    return this.on && !hasAudioDecoder();
  }

  /** @param volume 0 is muted */
  setVolume(volume: number): void {
    if (volume > 0 && this.#context === undefined) void this.#open();
    if (this.#gain !== undefined) this.#gain.gain.value = volume;
    if (volume === 0) void this.close();
  }

  push(packet: Packet): void {
    const track = packet.track as AudioTrack;
    if (this.#node === undefined || track === this.#hopeless) return;
    try {
      if (track !== this.#track || this.#decoder === undefined) this.#openDecoder(track);
      this.#decoder?.push(packet);
    } catch {
      this.#closeDecoder();
    }
  }

  /** Tells which moment of the media is due when. @param due the media's time at `now`, both milliseconds */
  follow(due: number, now: number): void {
    if (this.#context === undefined || this.#node === undefined) return;
    // What leaves the loudspeaker now was handed over a while ago.
    const { contextTime, performanceTime } = this.#context.getOutputTimestamp();
    const heard = contextTime ?? this.#context.currentTime;
    const at = performance.timeOrigin + (performanceTime ?? performance.now());
    this.#tell({ type: "clock", offset: due + (at - now) - heard * 1000 });
  }

  restart(): void {
    this.#closeDecoder();
    this.#tell({ type: "clear" });
  }

  async close(): Promise<void> {
    this.#closeDecoder();
    this.#node?.disconnect();
    this.#node?.port.close();
    const context = this.#context;
    this.#context = this.#node = this.#gain = undefined;
    await context?.close();
  }

  async #open(): Promise<void> {
    const context = new AudioContext({ latencyHint: "interactive" });
    this.#context = context;
    if (context.state === "suspended") {
      this.#events.blocked();
      void context.resume().catch(() => {});
    }
    try {
      await context.audioWorklet.addModule(this.#workletUrl);
    } catch {
      // Closed while it loaded, or a policy against it: the picture goes on without sound.
      return;
    }
    if (this.#context !== context) return;
    this.#node = new AudioWorkletNode(context, "sluice-sound", { outputChannelCount: [2] });
    this.#gain = context.createGain();
    this.#node.connect(this.#gain).connect(context.destination);
  }

  #openDecoder(track: AudioTrack): void {
    this.#closeDecoder();
    this.#track = track;
    const output = (time: number, planes: readonly Float32Array[], sampleRate: number): void => {
      const to = this.#context?.sampleRate ?? sampleRate;
      const channels = planes.map((plane) => resample(plane, sampleRate, to));
      if (this.inLots) this.#events.late(time);
      this.#tell({ type: "samples", time: time / 1000, channels });
    };
    this.#decoder = hasAudioDecoder()
      ? createNativeDecoder(track, output, () => this.#closeDecoder())
      : createFileDecoder(track, output, () => {
          this.#closeDecoder();
          this.#hopeless = track;
          this.#events.failed(track);
        });
  }

  #tell(message: ToWorklet): void {
    this.#node?.port.postMessage(message);
  }

  #closeDecoder(): void {
    this.#decoder?.close();
    this.#decoder = undefined;
    this.#track = undefined;
  }
}

/** Safari 16.4 to 17 decodes pictures only. */
export function hasAudioDecoder(): boolean {
  return typeof AudioDecoder !== "undefined";
}

/** By straight lines between the samples: contexts run at 44.1 or 48 kHz, as nearly all streams do. */
function resample(plane: Float32Array, from: number, to: number): Float32Array {
  if (from === to) return plane;
  const out = new Float32Array(Math.round((plane.length * to) / from));
  for (let i = 0; i < out.length; i += 1) {
    const at = (i * from) / to;
    const whole = Math.floor(at);
    const a = plane[whole] ?? 0;
    out[i] = a + ((plane[whole + 1] ?? a) - a) * (at - whole);
  }
  return out;
}

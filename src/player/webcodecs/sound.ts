import type { Packet } from "../../media/model/packet.js";
import type { AudioTrack } from "../../media/model/track.js";

/** Encoded sound that waits for the decoder; more is too late to be heard. */
const MAX_QUEUED = 100;

/** What the page tells the worklet. Times in milliseconds. */
export type ToWorklet =
  /** Samples of each channel, the first of which is due at this time of the media. */
  | { readonly type: "samples"; readonly time: number; readonly channels: readonly Float32Array[] }
  /** The media's time less the context's. */
  | { readonly type: "clock"; readonly offset: number }
  | { readonly type: "clear" };

/** Decodes sound and has a worklet play it by the page's clock. While it is muted it costs nothing. */
export class Sound {
  readonly #workletUrl: string;
  readonly #blocked: () => void;
  #context: AudioContext | undefined;
  #node: AudioWorkletNode | undefined;
  #gain: GainNode | undefined;
  #decoder: AudioDecoder | undefined;
  #track: AudioTrack | undefined;

  /** @param blocked the browser lets nothing be heard before a click */
  constructor(workletUrl: string, blocked: () => void) {
    this.#workletUrl = workletUrl;
    this.#blocked = blocked;
  }

  get on(): boolean {
    return this.#node !== undefined;
  }

  /** @param volume 0 is muted */
  setVolume(volume: number): void {
    if (volume > 0 && this.#context === undefined) void this.#open();
    if (this.#gain !== undefined) this.#gain.gain.value = volume;
    if (volume === 0) void this.close();
  }

  push(packet: Packet): void {
    if (this.#node === undefined) return;
    if (this.#decoder !== undefined && this.#decoder.decodeQueueSize > MAX_QUEUED) return;
    try {
      if (packet.track !== this.#track || this.#decoder === undefined) {
        this.#configure(packet.track as AudioTrack);
      }
      this.#decoder?.decode(
        new EncodedAudioChunk({
          type: "key",
          timestamp: packet.pts,
          data: packet.data as Uint8Array<ArrayBuffer>,
        }),
      );
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
      this.#blocked();
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

  #configure(track: AudioTrack): void {
    this.#track = track;
    this.#decoder ??= new AudioDecoder({
      output: (data) => this.#output(data),
      error: () => this.#closeDecoder(),
    });
    const { codec, description, sampleRate, numberOfChannels } = track.config;
    this.#decoder.configure({
      codec,
      sampleRate,
      numberOfChannels,
      ...(description === undefined ? {} : { description: description as Uint8Array<ArrayBuffer> }),
    });
  }

  #output(data: AudioData): void {
    const channels = Array.from({ length: Math.min(2, data.numberOfChannels) }, (_, planeIndex) => {
      const plane = new Float32Array(data.numberOfFrames);
      data.copyTo(plane, { planeIndex, format: "f32-planar" });
      return resample(plane, data.sampleRate, this.#context?.sampleRate ?? data.sampleRate);
    });
    this.#tell({ type: "samples", time: data.timestamp / 1000, channels });
    data.close();
  }

  #tell(message: ToWorklet): void {
    this.#node?.port.postMessage(message);
  }

  #closeDecoder(): void {
    if (this.#decoder !== undefined && this.#decoder.state !== "closed") this.#decoder.close();
    this.#decoder = undefined;
    this.#track = undefined;
  }
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

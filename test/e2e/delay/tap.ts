// Runs in an AudioWorklet: finds the tones in the sound that passes, and passes it on.
import { ToneFinder } from "./tone-code.js";

// What of an AudioWorkletGlobalScope is used here: the DOM's types do not have it.
declare const AudioWorkletProcessor: { new (): { readonly port: MessagePort } };
declare const registerProcessor: (name: string, processor: unknown) => void;
declare const currentTime: number;
declare const sampleRate: number;

class Tap extends AudioWorkletProcessor {
  readonly #finder = new ToneFinder(sampleRate);

  process(inputs: readonly (readonly Float32Array[])[]): boolean {
    const [block] = inputs[0] ?? [];
    const tone = block === undefined ? undefined : this.#finder.push(block, currentTime);
    if (tone !== undefined) this.port.postMessage(tone);
    return true;
  }
}

registerProcessor("tap", Tap);

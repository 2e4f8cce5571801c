// The sound of the WebCodecs path: plays samples when they are due. Without imports, so that it can be served as it is.

interface Port {
  onmessage: ((event: { readonly data: Message }) => void) | null;
}
type Message =
  | { readonly type: "samples"; readonly time: number; readonly channels: readonly Float32Array[] }
  | { readonly type: "clock"; readonly offset: number }
  | { readonly type: "clear" };

// What of an AudioWorkletGlobalScope is used here: the DOM's types do not have it.
declare const AudioWorkletProcessor: { new (): { readonly port: Port } };
declare const registerProcessor: (name: string, processor: unknown) => void;
declare const currentTime: number;
declare const sampleRate: number;

/** Kept at most, seconds. */
const MAX_SECONDS = 5;
/** Off by more than this it moves to where it should be, milliseconds: below, nobody sees that lips and voice differ. */
const SLACK_MS = 12;
/** It moves within so many samples, one place fading into the other: the pitch is kept, and nothing clicks. */
const FADE = 256;
/** Around where it should be it takes the place that fits best to what is heard. */
const SEARCH = 200;

/** Samples in a ring, by their number since the media's time 0. */
class SluiceSound extends AudioWorkletProcessor {
  readonly #size = Math.ceil(MAX_SECONDS * sampleRate);
  readonly #rings = [new Float32Array(this.#size), new Float32Array(this.#size)];
  /** The first and one past the last sample that is there. */
  #from = 0;
  #until = 0;
  /** The next to be heard. */
  #at: number | undefined;
  #offset: number | undefined;

  constructor() {
    super();
    this.port.onmessage = ({ data }) => {
      if (data.type === "samples") this.#take(data.time, data.channels);
      else if (data.type === "clock") this.#offset = data.offset;
      else this.#clear();
    };
  }

  process(_inputs: unknown, outputs: readonly (readonly Float32Array[])[]): boolean {
    const [out = []] = outputs;
    const count = out[0]?.length ?? 0;
    if (this.#offset === undefined) return true;
    const wanted = Math.round(((currentTime * 1000 + this.#offset) * sampleRate) / 1000);
    const at = this.#at ?? wanted;
    let fadeFrom: number | undefined;
    if (Math.abs(wanted - at) * 1000 > SLACK_MS * sampleRate) {
      fadeFrom = at;
      this.#at = this.#fits(at, wanted);
    } else this.#at = at;
    const begin = this.#at;
    for (const [channel, plane] of out.entries()) {
      const ring = this.#rings[channel] ?? (this.#rings[0] as Float32Array);
      for (let i = 0; i < count; i += 1) {
        const sample = this.#sample(ring, begin + i);
        const share = fadeFrom === undefined ? 1 : Math.min(1, i / Math.min(FADE, count));
        plane[i] =
          fadeFrom === undefined ? sample : sample * share + this.#sample(ring, fadeFrom + i) * (1 - share);
      }
    }
    this.#at = begin + count;
    return true;
  }

  #take(time: number, channels: readonly Float32Array[]): void {
    const [first] = channels;
    if (first === undefined) return;
    let start = Math.round((time * sampleRate) / 1000);
    // Times are rounded: a frame that nearly follows does follow. Anything else begins anew.
    if (Math.abs(start - this.#until) < sampleRate / 200) start = this.#until;
    else if (start !== this.#until) this.#from = start;
    for (const [channel, ring] of this.#rings.entries()) {
      const plane = channels[channel] ?? first;
      for (let i = 0; i < plane.length; i += 1) ring[this.#index(start + i)] = plane[i] as number;
    }
    this.#until = start + first.length;
    this.#from = Math.max(this.#from, this.#until - this.#size);
  }

  #clear(): void {
    this.#from = this.#until = 0;
    this.#at = undefined;
  }

  #sample(ring: Float32Array, at: number): number {
    return at >= this.#from && at < this.#until ? (ring[this.#index(at)] as number) : 0;
  }

  #index(at: number): number {
    return ((at % this.#size) + this.#size) % this.#size;
  }

  /** The place near the wanted one whose waveform is most like the one at hand. */
  #fits(at: number, wanted: number): number {
    const ring = this.#rings[0] as Float32Array;
    let best = wanted;
    let most = Number.NEGATIVE_INFINITY;
    // From the middle outwards: of places that fit as well, the nearest.
    for (let step = 0; step <= SEARCH; step = step > 0 ? -step : 4 - step) {
      const place = wanted + step;
      let alike = 0;
      for (let i = 0; i < FADE; i += 4) alike += this.#sample(ring, at + i) * this.#sample(ring, place + i);
      if (alike > most) {
        most = alike;
        best = place;
      }
    }
    return best;
  }
}

registerProcessor("sluice-sound", SluiceSound);

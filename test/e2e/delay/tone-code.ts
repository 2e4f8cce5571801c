/**
 * The stream's clock in its sound: a short tone every 400 ms, whose pitch says which of eight it is, over a hum that
 * gives a time-stretching player something to hold on to. A tone's middle is its moment, which outlives an encoder that
 * smears its edges.
 */
export const TONE_EVERY_MS = 400;
const TONES = 8;
/** A tone says where the clock is within this, milliseconds. */
export const TONE_ROUND_MS: number = TONES * TONE_EVERY_MS;
const TONE_MS = 30;
/** A tone's middle comes so long after the moment that it stands for. */
const MIDDLE_MS = 50;
const LOWEST_HZ = 1000;
const STEP_HZ = 250;
const LOUD = 0.5;
const HUM_HZ = 220;
const HUM = 0.02;

/** The stream's sound at a sample of it, from -1 to 1. */
export function soundAt(sample: number, sampleRate: number): number {
  const ms = (sample * 1000) / sampleRate;
  const hum = HUM * Math.sin((2 * Math.PI * HUM_HZ * ms) / 1000);
  const index = Math.floor(ms / TONE_EVERY_MS);
  const off = ms - index * TONE_EVERY_MS - MIDDLE_MS;
  if (Math.abs(off) > TONE_MS / 2) return hum;
  const shape = Math.cos((Math.PI * off) / TONE_MS) ** 2;
  const pitch = LOWEST_HZ + STEP_HZ * (index % TONES);
  return hum + LOUD * shape * Math.sin((2 * Math.PI * pitch * off) / 1000);
}

/** A tone that was heard. */
export interface HeardTone {
  /** When its moment was heard, seconds on the listener's clock. */
  readonly at: number;
  /** Its moment on the stream's clock, modulo TONE_ROUND_MS, milliseconds. */
  readonly clock: number;
}

/** Louder than this is a tone, as the mean square of a block. */
const THRESHOLD = 0.01;
/** So many quiet blocks end one. */
const QUIET_BLOCKS = 3;

/** Finds the tones in sound that comes block by block. */
export class ToneFinder {
  readonly #sampleRate: number;
  #loud: { from: number; to: number; energy: number; moment: number; crossings: number } | undefined;
  #quiet = 0;
  #last = 0;

  constructor(sampleRate: number) {
    this.#sampleRate = sampleRate;
  }

  /**
   * @param block 128 samples or so
   * @param at the time of its first, seconds
   */
  push(block: Float32Array, at: number): HeardTone | undefined {
    let energy = 0;
    let moment = 0;
    let crossings = 0;
    for (const [i, value] of block.entries()) {
      energy += value * value;
      moment += value * value * i;
      if (value > 0 !== this.#last > 0) crossings += 1;
      this.#last = value;
    }
    if (energy < THRESHOLD * block.length) {
      this.#quiet += 1;
      const tone = this.#loud;
      if (tone === undefined || this.#quiet < QUIET_BLOCKS) return undefined;
      this.#loud = undefined;
      return this.#read(tone);
    }
    this.#quiet = 0;
    this.#loud ??= { from: at, to: at, energy: 0, moment: 0, crossings: 0 };
    this.#loud.to = at + block.length / this.#sampleRate;
    this.#loud.energy += energy;
    this.#loud.moment += energy * at + moment / this.#sampleRate;
    this.#loud.crossings += crossings;
    return undefined;
  }

  #read(tone: {
    from: number;
    to: number;
    energy: number;
    moment: number;
    crossings: number;
  }): HeardTone | undefined {
    const pitch = tone.crossings / 2 / (tone.to - tone.from);
    const index = Math.floor((pitch - LOWEST_HZ) / STEP_HZ + 0.5);
    // Cut short, or two in one: where the player jumped.
    const isWhole = Math.abs((tone.to - tone.from) * 1000 - TONE_MS / 1.5) < TONE_MS / 2;
    if (!isWhole || index < 0 || index >= TONES) return undefined;
    return { at: tone.moment / tone.energy - MIDDLE_MS / 1000, clock: index * TONE_EVERY_MS };
  }
}

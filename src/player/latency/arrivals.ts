/** The edge moves with the fastest arrival of this long, milliseconds: it follows clocks that drift and outages. */
const EDGE_WINDOW_MS = 2000;
/** The worst lateness of each stretch this long is one observation: a stall is one, however many packets it held. */
const STRETCH_MS = 500;
/** Stretches remembered: 15 s of them. */
const STRETCHES = 30;
/** Fewer than one stretch in ten is let be: what is rare costs one freeze, not everyone's delay. */
const QUANTILE = 0.9;
/** Later than this is an outage, which no delay is to make up for: its stretch is no observation, milliseconds. */
export const OUTAGE_MS = 1000;
/** While the media comes this much faster than it plays, it is a burst: the cached group of pictures. */
const BURST_SPEED = 3;
const BURST_WINDOW_MS = 60;
/** Until so many stretches are known, this much jitter is taken for granted, milliseconds. */
const FEW = 3;
const ASSUMED_JITTER_MS = 40;

/** What the arrivals say at one moment. Times in milliseconds since the Unix epoch. */
export interface Arrivals {
  /** The wall-clock time at which the media's time 0 would have come with the fastest packets. */
  readonly base: number;
  /** How much later than the fastest the slow packets come, milliseconds. */
  readonly jitterMs: number;
  /** Media still comes faster than it plays: where the edge is cannot be said yet. */
  readonly burst: boolean;
}

interface Sample {
  readonly at: number;
  /** When the media's time 0 would have come with this packet. */
  readonly base: number;
}

/**
 * Where the live edge is, and how unsteadily packets come: from when each one came and when it is to be shown. Pure:
 * time is an argument.
 */
export class ArrivalMeter {
  /** Candidates for the fastest of the window: rising bases, so that the first is the lowest. */
  #fastest: Sample[] = [];
  #stretches: number[] = [];
  #stretchBegun: number | undefined;
  #worst = 0;
  /** The earliest and the latest base of the present stretch. */
  #lowest = Number.POSITIVE_INFINITY;
  #highest = Number.NEGATIVE_INFINITY;
  /** The stretch before. */
  #before: { readonly worst: number; readonly highest: number } | undefined;
  #burst = true;
  #burstMark: { readonly at: number; readonly time: number } | undefined;
  #newest = Number.NEGATIVE_INFINITY;

  /**
   * A packet has come.
   *
   * @param time when it is to be shown, milliseconds on the media's clock
   * @param at when it came, milliseconds since the Unix epoch
   */
  add(time: number, at: number): void {
    const base = at - time;
    this.#newest = Math.max(this.#newest, time);
    while ((this.#fastest.at(-1)?.base ?? Number.NEGATIVE_INFINITY) >= base) this.#fastest.pop();
    this.#fastest.push({ at, base });
    while ((this.#fastest[0]?.at ?? at) < at - EDGE_WINDOW_MS) this.#fastest.shift();
    if (this.#burst) this.#watchBurst(at);
    else this.#observe(base, at);
  }

  /** Undefined before the first packet. */
  get now(): Arrivals | undefined {
    const [fastest] = this.#fastest;
    if (fastest === undefined) return undefined;
    return { base: fastest.base, jitterMs: this.#jitter(), burst: this.#burst };
  }

  /** The media's clock was set anew, or the connection was: the edge is elsewhere, the jitter is likely the same. */
  restart(): void {
    this.#fastest = [];
    this.#burst = true;
    this.#burstMark = undefined;
    this.#stretchBegun = this.#before = undefined;
    this.#worst = 0;
    this.#newest = Number.NEGATIVE_INFINITY;
  }

  #watchBurst(at: number): void {
    this.#burstMark ??= { at, time: this.#newest };
    const span = at - this.#burstMark.at;
    if (span < BURST_WINDOW_MS) return;
    if (this.#newest - this.#burstMark.time < BURST_SPEED * span) this.#burst = false;
    this.#burstMark = { at, time: this.#newest };
    // What came with the burst was late by design.
    if (!this.#burst) this.#fastest = this.#fastest.slice(-1);
  }

  #observe(base: number, at: number): void {
    this.#stretchBegun ??= at;
    if (at - this.#stretchBegun >= STRETCH_MS) {
      const { worst, highest } = this.#before ?? { worst: OUTAGE_MS, highest: 0 };
      // Where the next stretch is late throughout, packets were not held up for a moment: the network is too slow, and
      // to wait longer for them gains nothing.
      if (worst < OUTAGE_MS) this.#stretches.push(Math.max(0, Math.min(worst, highest - this.#lowest)));
      if (this.#stretches.length > STRETCHES) this.#stretches.shift();
      this.#before = { worst: this.#worst, highest: this.#highest };
      this.#stretchBegun = at;
      this.#worst = 0;
      this.#lowest = Number.POSITIVE_INFINITY;
      this.#highest = Number.NEGATIVE_INFINITY;
    }
    this.#worst = Math.max(this.#worst, base - (this.#fastest[0]?.base ?? base));
    this.#lowest = Math.min(this.#lowest, base);
    this.#highest = Math.max(this.#highest, base);
  }

  #jitter(): number {
    if (this.#stretches.length < FEW) return Math.max(ASSUMED_JITTER_MS, ...this.#stretches);
    const sorted = [...this.#stretches].sort((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(QUANTILE * sorted.length))] as number;
  }
}

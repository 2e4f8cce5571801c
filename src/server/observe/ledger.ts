/** What one stream (in one protocol) has counted so far. Whoever counts adds to `numbers`; they never fall. */
export interface Account {
  readonly stream: string;
  /** Empty where it is about the stream as a whole. */
  readonly protocol: string;
  readonly numbers: Float64Array;
  /** Nothing is added any more: after the next settlement it is forgotten. */
  closed: boolean;
}

/** A line of its own in the metrics. */
export interface Series {
  readonly stream: string;
  readonly protocol: string;
  readonly numbers: Float64Array;
}

/** Label of all streams that have no lines of their own. No stream has it: their names have a slash. */
export const OTHER = "other";

/** Closed accounts that wait for a settlement, when nobody asks for one. */
const MAX_CLOSED = 1_000;

interface OpenAccount extends Account {
  readonly settled: Float64Array;
}

interface KeptSeries extends Series {
  /** The last settlement in which its stream had a line of its own. */
  shownAt: number;
}

/**
 * Counts by stream and protocol for a bounded number of lines: streams come and go without end, and each line costs
 * whoever stores it. What a stream without a line counts goes to `other`. A stream may get its line, and lose it, at
 * any time: each settlement moves only what was counted since the last, so no line ever falls or jumps.
 */
export class Ledger {
  readonly #length: number;
  /** Streams whose lines are kept, those that were shown last. */
  readonly #maxStreams: number;
  readonly #accounts = new Map<string, OpenAccount>();
  readonly #series = new Map<string, KeptSeries>();
  #closed = 0;
  #shown: ReadonlySet<string> = new Set();
  #settlements = 0;

  /** @param length how many numbers an account has @param maxStreams how many streams have lines at once */
  constructor(length: number, maxStreams: number) {
    this.#length = length;
    // Who has just lost its line may get it back: for as long it goes on from where it was.
    this.#maxStreams = 2 * maxStreams;
  }

  /** The account to count in. Look it up once, not for each thing that is counted. */
  account(stream: string, protocol: string): Account {
    const key = keyOf(stream, protocol);
    const known = this.#accounts.get(key);
    if (known !== undefined) {
      if (known.closed) this.#closed -= 1;
      known.closed = false;
      return known;
    }
    const account = {
      stream,
      protocol,
      numbers: new Float64Array(this.#length),
      settled: new Float64Array(this.#length),
      closed: false,
    };
    this.#accounts.set(key, account);
    return account;
  }

  /** Nothing is added to it any more. */
  close(account: Account): void {
    if (account.closed) return;
    account.closed = true;
    this.#closed += 1;
    if (this.#closed > MAX_CLOSED) this.settle(this.#shown);
  }

  /** @param shown streams that have lines of their own from here on */
  settle(shown: ReadonlySet<string>): void {
    this.#shown = shown;
    this.#settlements += 1;
    for (const [key, account] of this.#accounts) {
      const { stream, protocol, numbers, settled } = account;
      const series = this.#seriesOf(shown.has(stream) ? stream : OTHER, protocol);
      series.shownAt = this.#settlements;
      for (let i = 0; i < numbers.length; i++) {
        const value = numbers[i] as number;
        series.numbers[i] = (series.numbers[i] as number) + value - (settled[i] as number);
        settled[i] = value;
      }
      if (account.closed) this.#accounts.delete(key);
    }
    this.#closed = 0;
    this.#forget();
  }

  /** All lines, as of the last settlement. */
  get series(): readonly Series[] {
    return [...this.#series.values()];
  }

  #seriesOf(stream: string, protocol: string): KeptSeries {
    const key = keyOf(stream, protocol);
    let series = this.#series.get(key);
    if (series === undefined) {
      series = { stream, protocol, numbers: new Float64Array(this.#length), shownAt: 0 };
      this.#series.set(key, series);
    }
    return series;
  }

  #forget(): void {
    const lastShown = new Map<string, number>();
    for (const { stream, shownAt } of this.#series.values()) {
      if (stream !== OTHER) lastShown.set(stream, Math.max(shownAt, lastShown.get(stream) ?? 0));
    }
    const excess = lastShown.size - this.#maxStreams;
    if (excess <= 0) return;
    const oldest = new Set(
      [...lastShown]
        .sort((a, b) => a[1] - b[1])
        .slice(0, excess)
        .map(([stream]) => stream),
    );
    for (const [key, { stream }] of this.#series) if (oldest.has(stream)) this.#series.delete(key);
  }
}

function keyOf(stream: string, protocol: string): string {
  return `${protocol}\n${stream}`;
}

/** The last so many rows of some numbers each; a number that is not known is NaN. */
export class SlidingWindow {
  readonly #columns: number;
  readonly #rows: number;
  readonly #values: Float64Array;
  #pushed = 0;

  constructor(columns: number, rows: number) {
    this.#columns = columns;
    this.#rows = rows;
    this.#values = new Float64Array(columns * rows);
  }

  push(row: readonly number[]): void {
    const at = (this.#pushed % this.#rows) * this.#columns;
    for (let i = 0; i < this.#columns; i++) this.#values[at + i] = row[i] ?? Number.NaN;
    this.#pushed += 1;
  }

  /** The newest that is known; NaN where none is. */
  last(column: number): number {
    for (let back = 1; back <= this.#size; back++) {
      const value = this.#at(this.#pushed - back, column);
      if (!Number.isNaN(value)) return value;
    }
    return Number.NaN;
  }

  /** Of those that are known; NaN where none is. */
  mean(column: number): number {
    let sum = 0;
    let count = 0;
    for (let back = 1; back <= this.#size; back++) {
      const value = this.#at(this.#pushed - back, column);
      if (Number.isNaN(value)) continue;
      sum += value;
      count += 1;
    }
    return count === 0 ? Number.NaN : sum / count;
  }

  /** How far a counter has gone on; one that began anew counts from its new beginning. NaN where nothing is known. */
  growth(column: number): number {
    let growth = Number.NaN;
    let before = Number.NaN;
    for (let back = this.#size; back >= 1; back--) {
      const value = this.#at(this.#pushed - back, column);
      if (Number.isNaN(value)) continue;
      if (Number.isNaN(growth)) growth = 0;
      else growth += value >= before ? value - before : value;
      before = value;
    }
    return growth;
  }

  get #size(): number {
    return Math.min(this.#pushed, this.#rows);
  }

  #at(row: number, column: number): number {
    return this.#values[(row % this.#rows) * this.#columns + column] as number;
  }
}

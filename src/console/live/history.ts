/** A figure that was not known at a time; a chart leaves a gap. */
export type Figure = number | null;

/** How far back charts go. */
export const HISTORY_SECONDS = 300;

/**
 * Figures over time of things that come and go, all taken at the same moments: what a chart with one line for each
 * wants. What has gone is forgotten at once, what is older than `HISTORY_SECONDS` with the next sample.
 */
export class History<Field extends string> {
  readonly #fields: readonly Field[];
  readonly #times: number[] = [];
  readonly #lines = new Map<string, Record<Field, Figure[]>>();

  constructor(fields: readonly Field[]) {
    this.#fields = fields;
  }

  /** Seconds since the Unix epoch, ascending. */
  get times(): readonly number[] {
    return this.#times;
  }

  /** As long as `times`; null before the thing came. Empty where there is no such thing. */
  line(id: string, field: Field): readonly Figure[] {
    return this.#lines.get(id)?.[field] ?? [];
  }

  /** @param time seconds since the Unix epoch; one that is not after the last is left out */
  add(time: number, samples: ReadonlyMap<string, Readonly<Record<Field, Figure>>>): void {
    if (time <= (this.#times[this.#times.length - 1] ?? Number.NEGATIVE_INFINITY)) return;
    for (const id of this.#lines.keys()) if (!samples.has(id)) this.#lines.delete(id);
    for (const [id, figures] of samples) {
      const line = this.#lines.get(id) ?? this.#begin(id);
      for (const field of this.#fields) line[field].push(figures[field]);
    }
    this.#times.push(time);
    const old = this.#times.findIndex((each) => each > time - HISTORY_SECONDS);
    if (old <= 0) return;
    this.#times.splice(0, old);
    for (const line of this.#lines.values()) for (const field of this.#fields) line[field].splice(0, old);
  }

  clear(): void {
    this.#times.length = 0;
    this.#lines.clear();
  }

  #begin(id: string): Record<Field, Figure[]> {
    const unknown = (): Figure[] => new Array<Figure>(this.#times.length).fill(null);
    const line = Object.fromEntries(this.#fields.map((field) => [field, unknown()])) as Record<
      Field,
      Figure[]
    >;
    this.#lines.set(id, line);
    return line;
  }
}

import { MediaError } from "../../model/error.js";

/**
 * What AMF0 and AMF3 can say, as plain values. Class names, a date's time zone, and the difference between an XML
 * document and a string, and between an ECMA array and an object, are not kept.
 */
export type AmfValue =
  | number
  | boolean
  | string
  | null
  | undefined
  | Date
  | Uint8Array
  | readonly AmfValue[]
  | AmfObject;

/** Named values. Those a decoder makes have no prototype, so any name, `__proto__` too, is only a name. */
export interface AmfObject {
  readonly [name: string]: AmfValue;
}

/** Whether a value is one with names, and neither a date, an array nor bytes. */
export function isAmfObject(value: AmfValue): value is AmfObject {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Date) &&
    !(value instanceof Uint8Array)
  );
}

/** How much a decoder accepts. */
export interface AmfLimits {
  /** Values inside values; default 32. */
  readonly maxDepth?: number;
  /** Values in all; default 65,536. */
  readonly maxValues?: number;
}

const DEFAULT_MAX_DEPTH = 32;
const DEFAULT_MAX_VALUES = 65_536;

/**
 * What references may add up to: a few hundred bytes of references to references would otherwise stand for more
 * than fits into memory once somebody writes the value out.
 */
const MAX_EXPANSION = 1_048_576;

/** Counts what one decoding reads, and stops it at the limits with a MediaError `limit`. */
export class AmfBudget {
  readonly #maxDepth: number;
  #depth = 0;
  #valuesLeft: number;
  #expansionLeft: number = MAX_EXPANSION;
  #weight = 0;

  constructor(limits: AmfLimits = {}) {
    this.#maxDepth = limits.maxDepth ?? DEFAULT_MAX_DEPTH;
    this.#valuesLeft = limits.maxValues ?? DEFAULT_MAX_VALUES;
  }

  /** What everything read so far weighs when written out without references; differences weigh a part. */
  get weight(): number {
    return this.#weight;
  }

  /** One more value, of so many characters or bytes. */
  value(size: number): void {
    this.#valuesLeft -= 1;
    if (this.#valuesLeft < 0) throw new MediaError("limit", "AMF: too many values");
    this.#weight += 1 + size;
  }

  /** One more reference to something that weighs so much. */
  reference(weight: number): void {
    this.value(weight);
    this.#expansionLeft -= 1 + weight;
    if (this.#expansionLeft < 0) throw new MediaError("limit", "AMF: references expand to too much");
  }

  /** Goes one level down; every `enter` has its `leave`. */
  enter(): void {
    this.#depth += 1;
    if (this.#depth > this.#maxDepth) {
      throw new MediaError("limit", `AMF: more than ${this.#maxDepth} values inside each other`);
    }
  }

  leave(): void {
    this.#depth -= 1;
  }
}

/** A table of values that later references name by their position. */
export class AmfReferences<T> {
  readonly #entries: { value: T; weight: number; complete: boolean }[] = [];
  readonly #budget: AmfBudget;

  constructor(budget: AmfBudget) {
    this.#budget = budget;
  }

  /** Takes the next place for a value that is about to be read. */
  open(): number {
    return this.#entries.push({ value: undefined as T, weight: this.#budget.weight, complete: false }) - 1;
  }

  /** Fills the place once the value is complete. */
  close(place: number, value: T): T {
    const entry = this.#entries[place] as { value: T; weight: number; complete: boolean };
    entry.value = value;
    entry.weight = this.#budget.weight - entry.weight;
    entry.complete = true;
    return value;
  }

  /**
   * The value at a place. A reference to a value that contains it is refused: nothing in RTMP or FLV is a cycle, and
   * everyone who walks a decoded value would have to be prepared for one.
   */
  get(place: number): T {
    const entry = this.#entries[place];
    if (entry === undefined) throw new MediaError("malformed", `AMF: reference ${place} to nothing`);
    if (!entry.complete)
      throw new MediaError("malformed", `AMF: reference ${place} to a value that contains it`);
    this.#budget.reference(entry.weight);
    return entry.value;
  }
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** UTF-8 text; what is not UTF-8 becomes U+FFFD, for encoders that write their own character set. */
export function decodeText(bytes: Uint8Array): string {
  return utf8.decode(bytes);
}

const encoder = new TextEncoder();

/** Text as UTF-8. */
export function encodeText(text: string): Uint8Array {
  return encoder.encode(text);
}

/** How deep a value that is written out may be: more is a cycle. */
export const MAX_WRITTEN_DEPTH = 128;

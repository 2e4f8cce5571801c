import { MediaError } from "../model/error.js";

/** Reads bit fields, most significant bit first. Past the end it throws a MediaError `truncated`. */
export class BitReader {
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Bits not yet read. */
  get remaining(): number {
    return 8 * this.#bytes.length - this.#position;
  }

  /** An unsigned number of `count` bits, 0 to 32. */
  bits(count: number): number {
    if (count > this.remaining) {
      throw new MediaError(
        "truncated",
        `needs ${count} bits at bit ${this.#position}, has ${this.remaining}`,
      );
    }
    let value = 0;
    let left = count;
    while (left > 0) {
      const byte = this.#bytes[this.#position >> 3] as number;
      const available = 8 - (this.#position & 7);
      const taken = Math.min(available, left);
      value = value * 2 ** taken + ((byte >> (available - taken)) & ((1 << taken) - 1));
      this.#position += taken;
      left -= taken;
    }
    return value;
  }

  flag(): boolean {
    return this.bits(1) === 1;
  }

  skip(count: number): void {
    if (count < 0 || count > this.remaining) {
      throw new MediaError(
        "truncated",
        `skips ${count} bits at bit ${this.#position}, has ${this.remaining}`,
      );
    }
    this.#position += count;
  }

  /** Unsigned Exp-Golomb code ue(v), ITU-T H.264 section 9.1; at most 32 leading zeros. */
  ue(): number {
    let zeros = 0;
    while (!this.flag()) {
      zeros += 1;
      if (zeros > 32) throw new MediaError("malformed", "an Exp-Golomb code of more than 32 leading zeros");
    }
    return 2 ** zeros - 1 + this.bits(zeros);
  }

  /** Signed Exp-Golomb code se(v), ITU-T H.264 section 9.1.1. */
  se(): number {
    const code = this.ue();
    return code % 2 === 1 ? (code + 1) / 2 : 0 - code / 2; // not -(code / 2), which would make zero negative
  }
}

/** Writes bit fields, most significant bit first. For headers of a few bytes. */
export class BitWriter {
  readonly #bytes: number[] = [];
  #length = 0;

  /** The low `count` bits of `value`, 0 to 32. */
  bits(value: number, count: number): void {
    for (let i = count - 1; i >= 0; i--) {
      const bit = Math.floor(value / 2 ** i) % 2;
      const at = this.#length >> 3;
      this.#bytes[at] = (this.#bytes[at] ?? 0) | (bit << (7 - (this.#length & 7)));
      this.#length += 1;
    }
  }

  /** What was written, filled up with zero bits to whole bytes. */
  finish(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}

/** The payload of an H.264 or H.265 NAL unit without its emulation prevention bytes (H.264 section 7.4.1). */
export function unescapeNal(nal: Uint8Array): Uint8Array {
  const out = new Uint8Array(nal.length);
  let length = 0;
  let zeros = 0;
  for (const byte of nal) {
    if (zeros >= 2 && byte === 3) {
      zeros = 0;
      continue;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    out[length++] = byte;
  }
  return out.subarray(0, length);
}

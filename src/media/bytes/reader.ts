import { MediaError } from "../model/error.js";

/**
 * Reads big-endian fields from a slice, front to back. Every read is checked: past the end it throws a MediaError
 * `truncated`. It never copies: what `bytes` returns is a view of the slice it was given.
 */
export class ByteReader {
  readonly bytes: Uint8Array;
  #view: DataView;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Offset of the next byte. */
  get position(): number {
    return this.#position;
  }

  /** Bytes not yet read. */
  get remaining(): number {
    return this.bytes.length - this.#position;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2));
  }

  i16(): number {
    return this.#view.getInt16(this.#take(2));
  }

  u24(): number {
    const at = this.#take(3);
    return this.#view.getUint16(at) * 0x100 + this.#view.getUint8(at + 2);
  }

  /** Signed 24 bits, such as FLV's composition time. */
  i24(): number {
    return (this.u24() << 8) >> 8;
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  i32(): number {
    return this.#view.getInt32(this.#take(4));
  }

  /** Unsigned 32 bits, least significant byte first, as RTMP's message stream id is written. */
  u32le(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  /** Unsigned 64 bits; throws `limit` above 2^53 - 1. */
  u64(): number {
    const at = this.#take(8);
    const value = this.#view.getUint32(at) * 0x1_0000_0000 + this.#view.getUint32(at + 4);
    if (!Number.isSafeInteger(value)) throw new MediaError("limit", "a 64-bit number above 2^53 - 1");
    return value;
  }

  f64(): number {
    return this.#view.getFloat64(this.#take(8));
  }

  /** A view of the next `length` bytes. */
  view(length: number): Uint8Array {
    const at = this.#take(length);
    return this.bytes.subarray(at, at + length);
  }

  /** A view of all that is left. */
  rest(): Uint8Array {
    return this.view(this.remaining);
  }

  skip(length: number): void {
    this.#take(length);
  }

  #take(length: number): number {
    const at = this.#position;
    if (length < 0 || at + length > this.bytes.length) {
      throw new MediaError(
        "truncated",
        `needs ${length} bytes at offset ${at}, has ${this.bytes.length - at}`,
      );
    }
    this.#position = at + length;
    return at;
  }
}

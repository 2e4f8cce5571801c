/**
 * Writes big-endian fields into one growing array. `finish` hands out what was written and starts anew, so one writer
 * serves for a whole stream; what was handed out is never written again.
 */
export class ByteWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;
  readonly #initial: number;

  /** @param initial bytes to reserve at first; it doubles as needed. */
  constructor(initial = 1024) {
    this.#initial = initial;
    this.#bytes = new Uint8Array(initial);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Bytes written since the last `finish`. */
  get length(): number {
    return this.#length;
  }

  /** Makes room for `length` more bytes in one step. */
  reserve(length: number): void {
    const needed = this.#length + length;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }

  u8(value: number): void {
    const at = this.#grow(1);
    this.#view.setUint8(at, value);
  }

  u16(value: number): void {
    const at = this.#grow(2);
    this.#view.setUint16(at, value);
  }

  u24(value: number): void {
    const at = this.#grow(3);
    this.#view.setUint16(at, value >>> 8);
    this.#view.setUint8(at + 2, value);
  }

  u32(value: number): void {
    const at = this.#grow(4);
    this.#view.setUint32(at, value);
  }

  u32le(value: number): void {
    const at = this.#grow(4);
    this.#view.setUint32(at, value, true);
  }

  /** A non-negative integer of up to 53 bits in eight bytes. */
  u64(value: number): void {
    const at = this.#grow(8);
    this.#view.setUint32(at, Math.floor(value / 0x1_0000_0000));
    this.#view.setUint32(at + 4, value >>> 0);
  }

  f64(value: number): void {
    const at = this.#grow(8);
    this.#view.setFloat64(at, value);
  }

  /** Appends a copy of these bytes. */
  write(bytes: Uint8Array): void {
    const at = this.#grow(bytes.length);
    this.#bytes.set(bytes, at);
  }

  /** Sets four bytes already written, such as a box's size once it is known. */
  setU32(at: number, value: number): void {
    if (at + 4 > this.#length) throw new RangeError("at: not yet written");
    this.#view.setUint32(at, value);
  }

  /** Sets three bytes already written. */
  setU24(at: number, value: number): void {
    if (at + 3 > this.#length) throw new RangeError("at: not yet written");
    this.#view.setUint16(at, value >>> 8);
    this.#view.setUint8(at + 2, value);
  }

  /** A view of what has been written so far; valid until the next write. */
  peek(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** All that was written, as an array of its own; the writer starts anew. */
  finish(): Uint8Array {
    const whole = this.#bytes.subarray(0, this.#length);
    // A small result in a large buffer would keep the large one alive: copy it, and keep the buffer for the next.
    if (this.#bytes.length > 2 * this.#length) {
      const copy = whole.slice();
      this.#length = 0;
      return copy;
    }
    this.#bytes = new Uint8Array(Math.max(this.#initial, this.#length));
    this.#view = new DataView(this.#bytes.buffer);
    this.#length = 0;
    return whole;
  }

  /** Call it before `this.#view` is looked at: growing replaces the view. */
  #grow(length: number): number {
    const at = this.#length;
    if (at + length > this.#bytes.length) this.reserve(length);
    this.#length = at + length;
    return at;
  }
}

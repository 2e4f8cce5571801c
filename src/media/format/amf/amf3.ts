/**
 * Action Message Format 3, as much of it as RTMP carries: the "AMF 3 Specification" (Adobe, 2013), section numbers
 * below are its. Externalizable objects, vectors and dictionaries are refused.
 */
import { ByteReader } from "../../bytes/reader.js";
import { ByteWriter } from "../../bytes/writer.js";
import { MediaError } from "../../model/error.js";
import type { AmfLimits, AmfObject, AmfValue } from "./value.js";
import { AmfBudget, AmfReferences, decodeText, encodeText, MAX_WRITTEN_DEPTH } from "./value.js";

const UNDEFINED = 0x00;
const NULL = 0x01;
const FALSE = 0x02;
const TRUE = 0x03;
const INTEGER = 0x04;
const DOUBLE = 0x05;
const STRING = 0x06;
const XML_DOCUMENT = 0x07;
const DATE = 0x08;
const ARRAY = 0x09;
const OBJECT = 0x0a;
const XML = 0x0b;
const BYTE_ARRAY = 0x0c;

/** The empty string, inline: ends a list of names. */
const EMPTY_STRING = 0x01;

interface Traits {
  readonly dynamic: boolean;
  readonly names: readonly string[];
}

/**
 * All values that the bytes hold, one after the other.
 *
 * @throws MediaError
 */
export function decodeAmf3(bytes: Uint8Array, limits?: AmfLimits): AmfValue[] {
  const reader = new ByteReader(bytes);
  const decoder = new Amf3Decoder(reader, new AmfBudget(limits));
  const values: AmfValue[] = [];
  while (reader.remaining > 0) values.push(decoder.value());
  return values;
}

/** Reads value after value; the reference tables span all of them. */
export class Amf3Decoder {
  readonly #reader: ByteReader;
  readonly #budget: AmfBudget;
  readonly #strings: AmfReferences<string>;
  readonly #objects: AmfReferences<AmfValue>;
  readonly #traits: Traits[] = [];

  constructor(reader: ByteReader, budget: AmfBudget) {
    this.#reader = reader;
    this.#budget = budget;
    this.#strings = new AmfReferences(budget);
    this.#objects = new AmfReferences(budget);
  }

  /** The next value. @throws MediaError */
  value(): AmfValue {
    const reader = this.#reader;
    const marker = reader.u8();
    switch (marker) {
      case UNDEFINED:
        this.#budget.value(0);
        return undefined;
      case NULL:
        this.#budget.value(0);
        return null;
      case FALSE:
      case TRUE:
        this.#budget.value(1);
        return marker === TRUE;
      case INTEGER:
        this.#budget.value(4);
        return (this.#u29() << 3) >> 3; // 29 bits, signed
      case DOUBLE:
        this.#budget.value(8);
        return reader.f64();
      case STRING:
        return this.#string();
      case DATE:
        return this.#object(() => {
          this.#budget.value(8);
          return new Date(reader.f64());
        });
      case XML_DOCUMENT:
      case XML:
        return this.#object((length) => {
          this.#budget.value(length);
          return decodeText(reader.view(length));
        });
      case BYTE_ARRAY:
        return this.#object((length) => {
          this.#budget.value(length);
          return new Uint8Array(reader.view(length)); // Not slice: a Node Buffer's does not copy
        });
      case ARRAY:
        return this.#object((count) => this.#array(count));
      case OBJECT:
        return this.#object((flags) => this.#members(this.#readTraits(flags)));
      default:
        throw new MediaError("unsupported", `AMF3: marker 0x${marker.toString(16)}`);
    }
  }

  /** Section 1.3.1: seven bits a byte, but eight in a fourth. */
  #u29(): number {
    let value = 0;
    for (let i = 0; i < 3; i++) {
      const byte = this.#reader.u8();
      value = (value << 7) | (byte & 0x7f);
      if (byte < 0x80) return value;
    }
    return (value << 8) | this.#reader.u8();
  }

  /** A reference to an earlier object, or an object whose other 28 bits `read` is given. */
  #object(read: (bits: number) => AmfValue): AmfValue {
    const head = this.#u29();
    if ((head & 1) === 0) return this.#objects.get(head >> 1);
    const place = this.#objects.open();
    this.#budget.enter();
    const value = read(head >> 1);
    this.#budget.leave();
    return this.#objects.close(place, value);
  }

  #string(): string {
    const head = this.#u29();
    if ((head & 1) === 0) return this.#strings.get(head >> 1);
    const length = head >> 1;
    if (length === 0) {
      this.#budget.value(0);
      return ""; // Never in the table, section 1.3.2
    }
    const place = this.#strings.open();
    this.#budget.value(length);
    return this.#strings.close(place, decodeText(this.#reader.view(length)));
  }

  /** Section 3.11: named elements first, then those in order. With names it is an object, numbers as names. */
  #array(count: number): AmfValue {
    this.#budget.value(0);
    const named: Record<string, AmfValue> = Object.create(null);
    let hasNames = false;
    for (let name = this.#string(); name !== ""; name = this.#string()) {
      named[name] = this.value();
      hasNames = true;
    }
    if (count > this.#reader.remaining) {
      throw new MediaError("truncated", `AMF3: an array of ${count} in ${this.#reader.remaining} bytes`);
    }
    const elements: AmfValue[] = [];
    for (let i = 0; i < count; i++) elements.push(this.value());
    if (!hasNames) return elements;
    for (let i = 0; i < count; i++) named[i] = elements[i];
    return named;
  }

  /** Section 3.12; the lowest bit, which said that it is no reference, is off. */
  #readTraits(flags: number): Traits {
    if ((flags & 1) === 0) {
      const traits = this.#traits[flags >> 1];
      if (traits === undefined)
        throw new MediaError("malformed", `AMF3: reference ${flags >> 1} to no traits`);
      return traits;
    }
    const className = this.#string();
    if ((flags & 2) !== 0) throw new MediaError("unsupported", `AMF3: externalizable object ${className}`);
    const count = flags >> 3;
    if (count > this.#reader.remaining) {
      throw new MediaError("truncated", `AMF3: ${count} names in ${this.#reader.remaining} bytes`);
    }
    const names: string[] = [];
    for (let i = 0; i < count; i++) names.push(this.#string());
    const traits: Traits = { dynamic: (flags & 4) !== 0, names };
    this.#traits.push(traits);
    return traits;
  }

  #members(traits: Traits): AmfObject {
    this.#budget.value(0);
    const object: Record<string, AmfValue> = Object.create(null);
    for (const name of traits.names) object[name] = this.value();
    if (traits.dynamic) {
      for (let name = this.#string(); name !== ""; name = this.#string()) object[name] = this.value();
    }
    return object;
  }
}

/** The values, one after the other, without references. */
export function encodeAmf3(values: readonly AmfValue[]): Uint8Array {
  const out = new ByteWriter(256);
  for (const value of values) writeAmf3(out, value);
  return out.finish();
}

/** Appends one value, without references. Throws a MediaError for cycles, and for an empty name in an object. */
export function writeAmf3(out: ByteWriter, value: AmfValue, depth = 0): void {
  if (depth > MAX_WRITTEN_DEPTH) throw new MediaError("limit", "AMF3: a value too deep to write");
  if (value === undefined) out.u8(UNDEFINED);
  else if (value === null) out.u8(NULL);
  else if (typeof value === "boolean") out.u8(value ? TRUE : FALSE);
  else if (typeof value === "number") {
    if (Number.isInteger(value) && value >= -0x1000_0000 && value < 0x1000_0000 && !Object.is(value, -0)) {
      out.u8(INTEGER);
      writeU29(out, value & 0x1fff_ffff);
    } else {
      out.u8(DOUBLE);
      out.f64(value);
    }
  } else if (typeof value === "string") {
    out.u8(STRING);
    writeBytes(out, encodeText(value));
  } else if (value instanceof Date) {
    out.u8(DATE);
    out.u8(1);
    out.f64(value.getTime());
  } else if (value instanceof Uint8Array) {
    out.u8(BYTE_ARRAY);
    writeBytes(out, value);
  } else if (Array.isArray(value)) {
    out.u8(ARRAY);
    writeU29(out, (value.length << 1) | 1);
    out.u8(EMPTY_STRING);
    for (const element of value) writeAmf3(out, element, depth + 1);
  } else {
    writeObject(out, value as AmfObject, depth);
  }
}

function writeObject(out: ByteWriter, object: AmfObject, depth: number): void {
  out.u8(OBJECT);
  out.u8(0b1011); // Neither object nor traits by reference, dynamic, no sealed members
  out.u8(EMPTY_STRING);
  for (const name of Object.keys(object)) {
    if (name === "") throw new MediaError("unsupported", "AMF3: an empty name");
    writeBytes(out, encodeText(name));
    writeAmf3(out, object[name], depth + 1);
  }
  out.u8(EMPTY_STRING);
}

function writeBytes(out: ByteWriter, bytes: Uint8Array): void {
  if (bytes.length >= 0x1000_0000) throw new MediaError("limit", "AMF3: more than 2^28 - 1 bytes");
  writeU29(out, (bytes.length << 1) | 1);
  out.write(bytes);
}

function writeU29(out: ByteWriter, value: number): void {
  if (value < 0x80) {
    out.u8(value);
  } else if (value < 0x4000) {
    out.u8((value >> 7) | 0x80);
    out.u8(value & 0x7f);
  } else if (value < 0x20_0000) {
    out.u8((value >> 14) | 0x80);
    out.u8(((value >> 7) & 0x7f) | 0x80);
    out.u8(value & 0x7f);
  } else {
    out.u8((value >> 22) | 0x80);
    out.u8(((value >> 15) & 0x7f) | 0x80);
    out.u8(((value >> 8) & 0x7f) | 0x80);
    out.u8(value & 0xff);
  }
}

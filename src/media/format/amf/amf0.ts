/**
 * Action Message Format 0: the "AMF 0 File Format Specification" (Adobe, 2007), section numbers below are its.
 */
import { ByteReader } from "../../bytes/reader.js";
import { ByteWriter } from "../../bytes/writer.js";
import { MediaError } from "../../model/error.js";
import { Amf3Decoder, writeAmf3 } from "./amf3.js";
import type { AmfLimits, AmfObject, AmfValue } from "./value.js";
import { AmfBudget, AmfReferences, decodeText, encodeText, MAX_WRITTEN_DEPTH } from "./value.js";

const NUMBER = 0x00;
const BOOLEAN = 0x01;
const STRING = 0x02;
const OBJECT = 0x03;
const NULL = 0x05;
const UNDEFINED = 0x06;
const REFERENCE = 0x07;
const ECMA_ARRAY = 0x08;
const OBJECT_END = 0x09;
const STRICT_ARRAY = 0x0a;
const DATE = 0x0b;
const LONG_STRING = 0x0c;
const UNSUPPORTED = 0x0d;
const XML_DOCUMENT = 0x0f;
const TYPED_OBJECT = 0x10;
const AVMPLUS_OBJECT = 0x11;

/**
 * All values that the bytes hold, one after the other.
 *
 * @throws MediaError when they end inside a value, hold a type that nobody sends over RTMP, or go over a limit
 */
export function decodeAmf0(bytes: Uint8Array, limits?: AmfLimits): AmfValue[] {
  const decoder = new Amf0Decoder(new ByteReader(bytes), limits);
  const values: AmfValue[] = [];
  while (decoder.remaining > 0) values.push(decoder.value());
  return values;
}

/** Reads value after value; the reference tables span all of them. */
export class Amf0Decoder {
  readonly #reader: ByteReader;
  readonly #budget: AmfBudget;
  readonly #references: AmfReferences<AmfValue>;
  #amf3: Amf3Decoder | undefined;

  constructor(reader: ByteReader, limits?: AmfLimits) {
    this.#reader = reader;
    this.#budget = new AmfBudget(limits);
    this.#references = new AmfReferences(this.#budget);
  }

  /** Bytes not yet read. */
  get remaining(): number {
    return this.#reader.remaining;
  }

  /** The next value. @throws MediaError */
  value(): AmfValue {
    return this.#value(this.#reader.u8());
  }

  #value(marker: number): AmfValue {
    const reader = this.#reader;
    switch (marker) {
      case NUMBER:
        this.#budget.value(8);
        return reader.f64();
      case BOOLEAN:
        this.#budget.value(1);
        return reader.u8() !== 0;
      case STRING:
        return this.#string(reader.u16());
      case LONG_STRING:
      case XML_DOCUMENT:
        return this.#string(reader.u32());
      case NULL:
        this.#budget.value(0);
        return null;
      case UNDEFINED:
      case UNSUPPORTED:
        this.#budget.value(0);
        return undefined;
      case REFERENCE:
        return this.#references.get(reader.u16());
      case DATE: {
        this.#budget.value(8);
        const time = reader.f64();
        reader.i16(); // Time zone: reserved, section 2.13
        return new Date(time);
      }
      case OBJECT:
        return this.#complex(() => this.#members(false));
      case TYPED_OBJECT:
        reader.skip(reader.u16()); // The class name
        return this.#complex(() => this.#members(false));
      case ECMA_ARRAY:
        // The count is a hint that many encoders get wrong: the end marker decides.
        reader.skip(4);
        return this.#complex(() => this.#members(true));
      case STRICT_ARRAY:
        return this.#complex(() => this.#elements(reader.u32()));
      case AVMPLUS_OBJECT:
        this.#amf3 ??= new Amf3Decoder(reader, this.#budget);
        return this.#amf3.value();
      default:
        throw new MediaError("unsupported", `AMF0: marker 0x${marker.toString(16)}`);
    }
  }

  #string(length: number): string {
    this.#budget.value(length);
    return decodeText(this.#reader.view(length));
  }

  #complex(read: () => AmfValue): AmfValue {
    const place = this.#references.open();
    this.#budget.value(0);
    this.#budget.enter();
    const value = read();
    this.#budget.leave();
    return this.#references.close(place, value);
  }

  #members(endMayBeMissing: boolean): AmfObject {
    const reader = this.#reader;
    const object: Record<string, AmfValue> = Object.create(null);
    for (;;) {
      // Some encoders leave an ECMA array's end marker out when it is the last thing in the message.
      if (endMayBeMissing && reader.remaining === 0) return object;
      const nameLength = reader.u16();
      const name = decodeText(reader.view(nameLength));
      const marker = reader.u8();
      if (marker === OBJECT_END && nameLength === 0) return object;
      object[name] = this.#value(marker);
    }
  }

  #elements(count: number): AmfValue[] {
    if (count > this.#reader.remaining) {
      throw new MediaError("truncated", `AMF0: an array of ${count} in ${this.#reader.remaining} bytes`);
    }
    const elements: AmfValue[] = [];
    for (let i = 0; i < count; i++) elements.push(this.value());
    return elements;
  }
}

/** The values, one after the other. Names of more than 65,535 bytes and cycles throw a MediaError `limit`. */
export function encodeAmf0(values: readonly AmfValue[]): Uint8Array {
  const out = new ByteWriter(256);
  for (const value of values) writeAmf0(out, value);
  return out.finish();
}

/** Appends one value: an array as a strict array, bytes by way of AMF3. */
export function writeAmf0(out: ByteWriter, value: AmfValue, depth = 0): void {
  if (depth > MAX_WRITTEN_DEPTH) throw new MediaError("limit", "AMF0: a value too deep to write");
  if (value === null) out.u8(NULL);
  else if (value === undefined) out.u8(UNDEFINED);
  else if (typeof value === "number") {
    out.u8(NUMBER);
    out.f64(value);
  } else if (typeof value === "boolean") {
    out.u8(BOOLEAN);
    out.u8(value ? 1 : 0);
  } else if (typeof value === "string") {
    writeString(out, value);
  } else if (value instanceof Date) {
    out.u8(DATE);
    out.f64(value.getTime());
    out.u16(0);
  } else if (value instanceof Uint8Array) {
    out.u8(AVMPLUS_OBJECT);
    writeAmf3(out, value);
  } else if (Array.isArray(value)) {
    out.u8(STRICT_ARRAY);
    out.u32(value.length);
    for (const element of value) writeAmf0(out, element, depth + 1);
  } else {
    out.u8(OBJECT);
    writeMembers(out, value as AmfObject, depth);
  }
}

/** Appends an object as an ECMA array, the form in which players expect `onMetaData`. */
export function writeAmf0EcmaArray(out: ByteWriter, object: AmfObject): void {
  out.u8(ECMA_ARRAY);
  out.u32(Object.keys(object).length);
  writeMembers(out, object, 0);
}

function writeString(out: ByteWriter, text: string): void {
  const bytes = encodeText(text);
  if (bytes.length > 0xffff) {
    out.u8(LONG_STRING);
    out.u32(bytes.length);
  } else {
    out.u8(STRING);
    out.u16(bytes.length);
  }
  out.write(bytes);
}

function writeMembers(out: ByteWriter, object: AmfObject, depth: number): void {
  for (const name of Object.keys(object)) {
    const bytes = encodeText(name);
    if (bytes.length > 0xffff) throw new MediaError("limit", "AMF0: a name of more than 65,535 bytes");
    out.u16(bytes.length);
    out.write(bytes);
    writeAmf0(out, object[name], depth + 1);
  }
  out.u16(0);
  out.u8(OBJECT_END);
}

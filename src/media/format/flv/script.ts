import { ByteReader } from "../../bytes/reader.js";
import type { ByteWriter } from "../../bytes/writer.js";
import { MediaError } from "../../model/error.js";
import type { Metadata, MetadataValue } from "../../model/packet.js";
import { Amf0Decoder, writeAmf0, writeAmf0EcmaArray } from "../amf/amf0.js";
import { type AmfValue, isAmfObject } from "../amf/value.js";
import { TAG_SCRIPT_AMF3 } from "./constants.js";

/** SCRIPTDATA (FLV specification, section E.4.4): a name and what belongs to it. */
export type ScriptData =
  | { readonly name: "onMetaData"; readonly metadata: Metadata }
  /** `body` is a view of the AMF0 values, the name first, without RTMP's `@setDataFrame`. */
  | { readonly name: string; readonly metadata?: never; readonly body: Uint8Array };

const SET_DATA_FRAME = "@setDataFrame";

/**
 * Reads the body of a script tag or of an RTMP data message. Publishers send their metadata as `@setDataFrame`,
 * `onMetaData`, …, which asks the server to keep it: the first of these names is taken off.
 *
 * @param type 18, or 15 for RTMP's AMF3 data message
 */
export function readScriptBody(type: number, body: Uint8Array): ScriptData {
  // The zero says "AMF0 follows"; a body cannot begin so, as its name is a string (marker 2).
  let rest = type === TAG_SCRIPT_AMF3 && body[0] === 0 ? body.subarray(1) : body;
  const decoder = new Amf0Decoder(new ByteReader(rest));
  let name = decoder.value();
  if (name === SET_DATA_FRAME) {
    rest = rest.subarray(rest.length - decoder.remaining);
    name = decoder.value();
  }
  if (typeof name !== "string") throw new MediaError("malformed", "script data without a name");
  if (name === "onMetaData") {
    // What stands behind the object, some producers' padding, is nothing to us.
    return { name, metadata: decoder.remaining > 0 ? toMetadata(decoder.value()) : {} };
  }
  while (decoder.remaining > 0) decoder.value();
  return { name, body: rest };
}

/** The values of an onMetaData that metadata can hold; others (byte arrays, undefined) are left out. */
function toMetadata(value: AmfValue): Metadata {
  return isAmfObject(value) ? (toMetadataValue(value) as Metadata) : {};
}

function toMetadataValue(value: AmfValue): MetadataValue | undefined {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array) return undefined;
  if (isAmfObject(value)) {
    const entries: [string, MetadataValue][] = [];
    for (const [name, field] of Object.entries(value)) {
      const converted = toMetadataValue(field);
      if (converted !== undefined) entries.push([name, converted]);
    }
    // Unlike assignment, fromEntries makes even `__proto__` an ordinary property.
    return Object.fromEntries(entries);
  }
  // What is left is a date or an array.
  if ("toISOString" in value) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  return value.map((item) => toMetadataValue(item) ?? null);
}

/** Appends the body of an onMetaData tag. */
export function writeMetadataBody(metadata: Metadata, out: ByteWriter): void {
  writeScriptBody("onMetaData", metadata, out);
}

/** Appends a script tag's body: a name and one argument, an ECMA array as the specification has it (section E.5). */
export function writeScriptBody(name: string, fields: Metadata, out: ByteWriter): void {
  writeAmf0(out, name);
  writeAmf0EcmaArray(out, fields);
}

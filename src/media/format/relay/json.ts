import type { ByteReader } from "../../bytes/reader.js";
import type { ByteWriter } from "../../bytes/writer.js";
import { MediaError } from "../../model/error.js";
import type { MetadataValue } from "../../model/packet.js";

export type JsonObject = { readonly [name: string]: MetadataValue };

const MAX_JSON_BYTES = 1024 * 1024;

/** A length in 32 bits, and JSON. Numbers that JSON has no word for (NaN, infinities) become null. */
export function writeJson(value: JsonObject, out: ByteWriter): void {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  out.u32(bytes.length);
  out.write(bytes);
}

/** @throws MediaError where it is no object, or larger than 1 MiB */
export function readJson(reader: ByteReader): JsonObject {
  const length = reader.u32();
  if (length > MAX_JSON_BYTES) throw new MediaError("limit", `relay: ${length} bytes of JSON`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(reader.view(length)));
  } catch (error) {
    if (error instanceof MediaError) throw error;
    throw new MediaError("malformed", "relay: JSON that cannot be read", { cause: error });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new MediaError("malformed", "relay: JSON that is no object");
  return value as JsonObject;
}

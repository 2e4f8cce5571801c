import { u32At } from "../../bytes/bytes.js";
import { ByteQueue } from "../../bytes/queue.js";
import { ByteReader } from "../../bytes/reader.js";
import { ByteWriter } from "../../bytes/writer.js";
import { MediaError } from "../../model/error.js";
import { RELAY_MAGIC } from "./constants.js";
import { readJson, writeJson } from "./json.js";

const MAX_REQUEST_BYTES = 4096;

/** What the process that dials asks for. */
export interface RelayRequest {
  /** The stream. */
  readonly name: string;
  /** What shows that it may. */
  readonly secret: string;
}

export function encodeRelayRequest(request: RelayRequest): Uint8Array {
  const out = new ByteWriter();
  out.write(RELAY_MAGIC);
  writeJson({ name: request.name, secret: request.secret }, out);
  return out.finish();
}

export interface RelayRequestParser {
  /**
   * Takes the next bytes.
   *
   * @returns the request, once it is whole
   * @throws MediaError
   */
  push(slice: Uint8Array): RelayRequest | undefined;
}

export function createRelayRequestParser(): RelayRequestParser {
  const queue = new ByteQueue();
  let greeted = false;
  return {
    push(slice) {
      queue.push(slice);
      greeted ||= takeMagic(queue);
      const length = greeted ? queue.peek(4) : undefined;
      if (length !== undefined && u32At(length, 0) > MAX_REQUEST_BYTES)
        throw new MediaError("limit", "relay: a request too large");
      const whole = length === undefined ? undefined : queue.take(4 + u32At(length, 0));
      if (whole === undefined) {
        queue.keep();
        return undefined;
      }
      const { name, secret } = readJson(new ByteReader(whole));
      if (typeof name !== "string" || typeof secret !== "string")
        throw new MediaError("malformed", "relay: a request without a name and a secret");
      return { name, secret };
    },
  };
}

/** Takes the opening bytes; false while they are not all there. @throws MediaError at the first wrong one */
export function takeMagic(queue: ByteQueue): boolean {
  const there = queue.peek(Math.min(queue.length, RELAY_MAGIC.length)) ?? new Uint8Array(0);
  const version = RELAY_MAGIC.length - 1;
  if (there.some((byte, i) => i < version && byte !== RELAY_MAGIC[i]))
    throw new MediaError("malformed", "relay: these are not the bytes of a relay");
  if (there.length < RELAY_MAGIC.length) return false;
  if (there[version] !== RELAY_MAGIC[version])
    throw new MediaError(
      "unsupported",
      `relay: version ${there[version]}; this one knows ${RELAY_MAGIC[version]}`,
    );
  queue.skip(RELAY_MAGIC.length);
  return true;
}

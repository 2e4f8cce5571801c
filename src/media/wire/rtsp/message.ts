/** RTSP's messages (RFC 2326 sections 4 to 7) and the binary data interleaved with them (section 10.12). */
import { ByteQueue } from "../../bytes/queue.js";
import { MediaError } from "../../model/error.js";

const DOLLAR = 0x24;
const LF = 0x0a;
const CR = 0x0d;
const MAX_HEAD_BYTES = 16_384;
const MAX_HEADERS = 64;
const MAX_BODY_BYTES = 262_144;

/** Header fields, the names in lower case; a field that comes several times has several values. */
export type RtspHeaders = ReadonlyMap<string, readonly string[]>;

export interface RtspResponse {
  readonly status: number;
  readonly reason: string;
  readonly headers: RtspHeaders;
  /** Its own. */
  readonly body: Uint8Array;
}

/** What a server asks of us. */
export interface RtspServerRequest {
  readonly method: string;
  readonly headers: RtspHeaders;
}

export interface RtspReaderHandler {
  response(response: RtspResponse): void;
  request(request: RtspServerRequest): void;
  /** @param data borrowed for the call */
  interleaved(channel: number, data: Uint8Array): void;
}

/** Takes a connection's bytes apart, in slices of any size. */
export interface RtspReader {
  /** @throws MediaError when the framing is broken: nothing after it can be trusted */
  push(slice: Uint8Array): void;
}

interface Head {
  readonly start: string;
  readonly headers: RtspHeaders;
  readonly bodyLength: number;
}

export function createRtspReader(handler: RtspReaderHandler): RtspReader {
  const queue = new ByteQueue();
  /** A message whose body is still to come. */
  let head: Head | undefined;
  /** How much of the queue has been searched for the end of a head. */
  let searched = 0;

  /** Whether there was something whole. */
  function next(): boolean {
    if (head !== undefined) return readBody(head);
    const first = queue.peek(1)?.[0];
    if (first === undefined) return false;
    if (first === DOLLAR) return readInterleaved();
    // Some servers end bodies with an empty line that their length does not count.
    if (searched === 0 && (first === CR || first === LF)) return queue.skip(1) > 0;
    return readHead();
  }

  function readInterleaved(): boolean {
    const header = queue.peek(4);
    if (header === undefined) return false;
    const channel = header[1] as number;
    const length = (header[2] as number) * 256 + (header[3] as number);
    const frame = queue.take(4 + length);
    if (frame === undefined) return false;
    handler.interleaved(channel, frame.subarray(4));
    return true;
  }

  function readHead(): boolean {
    const available = queue.peek(Math.min(queue.length, MAX_HEAD_BYTES)) as Uint8Array;
    const end = endOfHead(available, searched);
    if (end === undefined) {
      if (available.length === MAX_HEAD_BYTES) {
        throw new MediaError("limit", `an RTSP message with more than ${MAX_HEAD_BYTES} bytes of headers`);
      }
      searched = Math.max(0, available.length - 3);
      return false;
    }
    searched = 0;
    head = parseHead(new TextDecoder().decode(queue.take(end)));
    return true;
  }

  function readBody({ start, headers, bodyLength }: Head): boolean {
    const body = queue.take(bodyLength)?.slice();
    if (body === undefined) return false;
    head = undefined;
    const [, status, reason = ""] = /^RTSP\/\d\.\d (\d{3})(?: (.*))?$/i.exec(start) ?? [];
    if (status !== undefined) {
      handler.response({ status: Number(status), reason: reason.trim(), headers, body });
      return true;
    }
    const [, method] = /^([A-Z_]{1,32}) \S+ RTSP\/\d\.\d$/.exec(start) ?? [];
    if (method === undefined) throw new MediaError("malformed", "no RTSP message");
    handler.request({ method, headers });
    return true;
  }

  return {
    push(slice) {
      queue.push(slice);
      while (next());
      queue.keep();
    },
  };
}

/** The first value of a header field. */
export function headerOf(headers: RtspHeaders, name: string): string | undefined {
  return headers.get(name)?.[0];
}

/**
 * A message as it goes on the wire.
 *
 * @param start the request or status line
 * @throws TypeError for line breaks, which would make another message of it
 */
export function encodeRtsp(
  start: string,
  headers: readonly (readonly [name: string, value: string])[],
): Uint8Array {
  const lines = [start, ...headers.map(([name, value]) => `${name}: ${value}`)];
  if (lines.some((line) => /[\r\n]/.test(line))) throw new TypeError("headers: must not contain line breaks");
  return new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`);
}

/** Where the empty line ends that ends the head; undefined while it has not come. */
function endOfHead(bytes: Uint8Array, from: number): number | undefined {
  for (let at = bytes.indexOf(LF, from); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at + 1] === LF) return at + 2;
    if (bytes[at + 1] === CR && bytes[at + 2] === LF) return at + 3;
  }
  return undefined;
}

function parseHead(text: string): Head {
  const [start = "", ...lines] = text.split(/\r?\n/);
  const headers = new Map<string, string[]>();
  let count = 0;
  for (const line of lines) {
    const colon = line.indexOf(":");
    // Lines that are no header do no harm; continued ones (section 4) hold nothing that is read here.
    if (colon <= 0) continue;
    count += 1;
    if (count > MAX_HEADERS) throw new MediaError("limit", `more than ${MAX_HEADERS} RTSP headers`);
    const name = line.slice(0, colon).trim().toLowerCase();
    const values = headers.get(name);
    const value = line.slice(colon + 1).trim();
    if (values === undefined) headers.set(name, [value]);
    else values.push(value);
  }
  const length = headers.get("content-length")?.[0] ?? "0";
  if (!/^\d{1,9}$/.test(length)) throw new MediaError("malformed", "a Content-Length that is no number");
  const bodyLength = Number(length);
  if (bodyLength > MAX_BODY_BYTES) throw new MediaError("limit", `an RTSP body of ${bodyLength} bytes`);
  return { start, headers, bodyLength };
}

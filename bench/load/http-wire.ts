import { ByteQueue } from "../../src/media/bytes/queue.js";
import type { Wire, WireInit } from "./wire.js";

const MAX_HEAD_BYTES = 16 * 1024;

/** A GET; the body plain or in chunks. Who does not look into it only counts, head and chunk sizes included. */
export function createHttpWire({ url, send, body }: WireInit): Wire {
  let take: ((slice: Uint8Array) => void) | undefined;
  let head: Buffer = Buffer.alloc(0);

  function readHead(slice: Uint8Array): void {
    head = Buffer.concat([head, slice]);
    const end = head.indexOf("\r\n\r\n");
    if (end < 0) {
      if (head.length > MAX_HEAD_BYTES) throw new Error("the answer's head does not end");
      return;
    }
    const text = head.toString("latin1", 0, end);
    const status = text.slice(0, text.indexOf("\r\n"));
    if (!/^HTTP\/1\.[01] 200 /.test(status)) throw new Error(`the server answered: ${status}`);
    if (body === undefined) take = () => {};
    else take = /^transfer-encoding: *chunked/im.test(text) ? createDechunker(body) : body;
    const rest = head.subarray(end + 4);
    if (rest.length > 0) take(rest);
  }

  return {
    open() {
      send(Buffer.from(`GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`));
    },
    push(slice) {
      if (take === undefined) readHead(slice);
      else take(slice);
    },
    get playing() {
      return take !== undefined;
    },
  };
}

/** RFC 9112 section 7.1, without trailers: live streams have none. */
function createDechunker(body: (part: Uint8Array) => void): (slice: Uint8Array) => void {
  const queue = new ByteQueue();
  let left = 0;
  let line = "";
  return (slice) => {
    queue.push(slice);
    while (queue.length > 0) {
      if (left > 0) {
        const part = queue.take(Math.min(left, queue.length)) as Uint8Array;
        left -= part.length;
        body(part);
        continue;
      }
      line += String.fromCharCode((queue.take(1) as Uint8Array)[0] as number);
      // The line break after the chunk before comes first.
      const size = /^(?:\r\n)?([0-9a-f]+)(?:;[^\r\n]*)?\r\n$/i.exec(line)?.[1];
      if (size === undefined) {
        if (line.length > 256) throw new Error("HTTP chunks are broken");
        continue;
      }
      left = Number.parseInt(size, 16);
      if (left === 0) throw new Error("the server ended the stream");
      line = "";
    }
    queue.keep();
  };
}

import { createHash, randomBytes } from "node:crypto";
import { ByteQueue } from "../../src/media/bytes/queue.js";
import type { Wire, WireInit } from "./wire.js";

const BINARY = 0x82;
const CLOSE = 0x88;
const PING = 0x89;
const PONG = 0x8a;

/** A WebSocket client (RFC 6455). Everybody reads the frames' heads, because pings want an answer. */
export function createWebSocketWire({ url, send, body }: WireInit): Wire {
  const key = randomBytes(16).toString("base64");
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  const queue = new ByteQueue();
  let playing = false;
  /** Of the binary message that is being read. */
  let left = 0;

  function readHead(): boolean {
    const seen = Buffer.from(queue.peek(queue.length) as Uint8Array);
    const end = seen.indexOf("\r\n\r\n");
    if (end < 0) return false;
    const head = seen.toString("latin1", 0, end);
    if (!head.startsWith("HTTP/1.1 101 ") || !head.includes(accept)) {
      throw new Error(`the server answered: ${head.slice(0, head.indexOf("\r\n"))}`);
    }
    queue.skip(end + 4);
    playing = true;
    return true;
  }

  function readFrame(): boolean {
    const head = queue.peek(2);
    if (head === undefined) return false;
    const [first = 0, second = 0] = head;
    const headLength = second < 126 ? 2 : second === 126 ? 4 : 10;
    const whole = queue.peek(headLength);
    if (whole === undefined) return false;
    let length = second < 126 ? second : 0;
    for (const byte of whole.subarray(2)) length = length * 256 + byte;
    if (first === BINARY) {
      queue.skip(headLength);
      left = length;
      return true;
    }
    const frame = queue.take(headLength + length);
    if (frame === undefined) return false;
    if (first === CLOSE) throw new Error("the server ended the stream");
    if (first === PING) send(pong(frame.subarray(headLength)));
    else if (first !== PONG) throw new Error(`a WebSocket frame that begins with ${first}`);
    return true;
  }

  function step(): boolean {
    if (queue.length === 0) return false;
    if (!playing) return readHead();
    if (left === 0) return readFrame();
    const part = queue.take(Math.min(left, queue.length)) as Uint8Array;
    left -= part.length;
    body?.(part);
    return true;
  }

  return {
    open() {
      const lines = [
        `GET ${url.pathname}${url.search} HTTP/1.1`,
        `Host: ${url.host}`,
        "Upgrade: websocket",
        "Connection: Upgrade",
        `Sec-WebSocket-Key: ${key}`,
        "Sec-WebSocket-Version: 13",
      ];
      send(Buffer.from(`${lines.join("\r\n")}\r\n\r\n`));
    },
    push(slice) {
      queue.push(slice);
      while (step());
      queue.keep();
    },
    get playing() {
      return playing;
    },
  };
}

/** Masked with zeros: the mask must be there, not be secret. */
function pong(payload: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of(PONG, 0x80 | payload.length, 0, 0, 0, 0), payload]);
}

import { get } from "node:http";
import { connect } from "node:net";
import WebSocket from "ws";

/** Somebody who watches, and keeps every byte. */
export interface Viewer {
  /** The body so far: without HTTP's chunks and WebSocket's frames. */
  readonly bytes: Buffer;
  readonly length: number;
  /** Settles when the server has ended it in order. @throws Error when it was cut off or refused */
  readonly ended: Promise<void>;
  /** Leaves without a word. */
  leave(): void;
}

/** HTTP-FLV, or whatever else is at that address. */
export function watchHttp(url: string): Viewer {
  const chunks: Buffer[] = [];
  const request = get(url, { agent: false });
  const ended = new Promise<void>((resolve, reject) => {
    request.on("error", reject);
    request.on("response", (response) => {
      if (response.statusCode !== 200) {
        reject(new Error(`${url}: status ${response.statusCode}`));
        response.resume();
        return;
      }
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      // `aborted` comes as an error: the body did not end with the last chunk.
      response.on("error", reject);
      response.on("end", resolve);
    });
  });
  return viewer(chunks, ended, () => request.destroy());
}

/** Done, and going away. 1005 and 1006 are ws's own words for an end without a close frame. */
const ORDERLY_CODES = [1000, 1001];

/** WebSocket-FLV: binary frames only, ended with a close frame. */
export function watchWebSocket(url: string): Viewer {
  const chunks: Buffer[] = [];
  const socket = new WebSocket(url, { perMessageDeflate: false });
  const ended = new Promise<void>((resolve, reject) => {
    socket.on("error", reject);
    socket.on("message", (data: Buffer, isBinary) => {
      if (isBinary) chunks.push(data);
      else reject(new Error(`${url}: a text frame: ${data.toString()}`));
    });
    socket.on("close", (code) => {
      if (ORDERLY_CODES.includes(code)) resolve();
      else reject(new Error(`${url}: closed with ${code}`));
    });
  });
  return viewer(chunks, ended, () => socket.terminate());
}

function viewer(chunks: readonly Buffer[], ended: Promise<void>, leave: () => void): Viewer {
  // Who leaves does not want to hear of it.
  ended.catch(() => {});
  return {
    get bytes() {
      return Buffer.concat(chunks);
    },
    get length() {
      return chunks.reduce((sum, { length }) => sum + length, 0);
    },
    ended,
    leave,
  };
}

/** Watches over HTTP/1.1 and is gone without a word in the middle of a chunk, with more of it waiting to be read. */
export function vanishMidChunk(url: string, afterBytes: number): Promise<void> {
  const { hostname, port, pathname } = new URL(url);
  return new Promise((resolve, reject) => {
    let read = 0;
    /** Bytes left of the chunk; undefined while its size line or the headers are being read. */
    let left: number | undefined;
    let line = "";
    let vanished = false;
    const take = (length: number, slice: Uint8Array): boolean => {
      for (let i = 0; i < length; i++) {
        read++;
        if (left !== undefined && left > 0) {
          left--;
          continue;
        }
        line += String.fromCharCode(slice[i] as number);
        if (!line.endsWith("\r\n")) continue;
        left = /^[0-9a-f]+\r\n$/.test(line) ? Number.parseInt(line, 16) : undefined;
        line = "";
      }
      if (read < afterBytes || left === undefined || left < SLICE) return true;
      vanished = true;
      socket.resetAndDestroy();
      return false;
    };
    const socket = connect({
      host: hostname,
      port: Number(port),
      // Small slices: otherwise every one would end with a chunk.
      onread: { buffer: new Uint8Array(SLICE), callback: take },
    });
    socket.on("connect", () => socket.write(`GET ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`));
    socket.on("error", reject);
    socket.on("close", () => {
      if (vanished) resolve();
      else reject(new Error(`${url}: ended after ${read} bytes`));
    });
  });
}

const SLICE = 500;

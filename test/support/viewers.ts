import { get } from "node:http";
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
      if (response.statusCode !== 200) reject(new Error(`${url}: status ${response.statusCode}`));
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      // `aborted` comes as an error: the body did not end with the last chunk.
      response.on("error", reject);
      response.on("end", resolve);
    });
  });
  return viewer(chunks, ended, () => request.destroy());
}

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
    // 1005 and 1006 are ws's own words for an end without a close frame.
    socket.on("close", (code) =>
      code === 1000 ? resolve() : reject(new Error(`${url}: closed with ${code}`)),
    );
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

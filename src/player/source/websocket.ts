import { SourceError } from "./source.js";

/** RFC 6455 section 7.4.1: the server ended it in order. */
const CLOSE_NORMAL = 1000;

/** The stream as binary messages of a WebSocket. */
export function webSocketSource(
  url: string,
  signal: AbortSignal,
  onBytes: (bytes: Uint8Array) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    let opened = false;

    function settle(error?: unknown): void {
      signal.removeEventListener("abort", abort);
      socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
      if (socket.readyState < WebSocket.CLOSING) socket.close();
      if (error === undefined) resolve();
      else reject(error);
    }
    function abort(): void {
      settle(signal.reason);
    }

    signal.addEventListener("abort", abort);
    socket.onopen = () => {
      opened = true;
    };
    socket.onmessage = ({ data }: MessageEvent<ArrayBuffer | string>) => {
      if (typeof data === "string") return;
      // What came before the end can still be under way to us.
      if (signal.aborted) return;
      try {
        onBytes(new Uint8Array(data));
      } catch (error) {
        settle(error);
      }
    };
    socket.onclose = ({ code, reason }) => {
      if (code === CLOSE_NORMAL) settle();
      // A browser does not tell a page why a handshake failed: a refusal looks like an unreachable server.
      else if (!opened)
        settle(new SourceError("unreachable", `${url} cannot be opened: not live, refused, or down`));
      else settle(new SourceError("unreachable", `${url} closed with ${code} ${reason}`.trimEnd()));
    };
  });
}

/** The WebSocket address of a stream. */
export function webSocketUrl(url: string): string {
  return url.replace(/^http/, "ws");
}

/** The HTTP address of a stream. */
export function httpUrl(url: string): string {
  return url.replace(/^ws/, "http");
}

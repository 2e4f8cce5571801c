import { SESSION_HEADER, type Side, SourceError } from "./source.js";

/** RFC 6455 section 7.4.1: the server ended it in order. */
const CLOSE_NORMAL = 1000;
/** Our server's: the session's name, and texts both ways, beside the media. */
const SUBPROTOCOL = "sluice.v1";

/**
 * The stream as binary messages of a WebSocket.
 *
 * @param talks offers the subprotocol `sluice.v1`. A browser fails the handshake of a server that takes none of those
 * that it was offered (WHATWG WebSockets, "establish a WebSocket connection"): then it is tried without.
 */
export async function webSocketSource(
  url: string,
  signal: AbortSignal,
  onBytes: (bytes: Uint8Array) => void,
  side: Side,
  talks = false,
): Promise<void> {
  if (talks) {
    try {
      return await connect(url, SUBPROTOCOL, signal, onBytes, side);
    } catch (error) {
      // A refusal looks the same, but our server says who it is over HTTP too.
      if (side.say !== undefined || (await isOurs(url, signal))) throw error;
    }
  }
  return connect(url, [], signal, onBytes, side);
}

async function isOurs(url: string, signal: AbortSignal): Promise<boolean> {
  try {
    const { headers } = await fetch(httpUrl(url), { method: "HEAD", signal });
    return headers.has(SESSION_HEADER);
  } catch {
    return false;
  }
}

function connect(
  url: string,
  protocols: string | string[],
  signal: AbortSignal,
  onBytes: (bytes: Uint8Array) => void,
  side: Side,
): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const socket = new WebSocket(url, protocols);
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
    function hear(text: string): void {
      if (side.say === undefined) return;
      try {
        const { session, traceparent, ts } = JSON.parse(text) as {
          readonly session?: string;
          readonly traceparent?: string;
          readonly ts?: number;
        };
        // What was said had the time in it.
        const rttMs = ts && Math.max(0, performance.timeOrigin + performance.now() - ts);
        side.told = { session, traceparent, ...side.told, ...(rttMs === undefined ? {} : { rttMs }) };
      } catch {
        // A server of another kind, that takes any protocol: it is the media that counts.
      }
    }

    signal.addEventListener("abort", abort);
    socket.onopen = () => {
      opened = true;
      if (socket.protocol !== SUBPROTOCOL) return;
      // A network that cannot carry it gets no heap of them.
      side.say = (text) => {
        if (socket.bufferedAmount === 0) socket.send(text);
      };
    };
    socket.onmessage = ({ data }: MessageEvent<ArrayBuffer | string>) => {
      // What came before the end can still be under way to us.
      if (signal.aborted) return;
      try {
        if (typeof data === "string") hear(data);
        else onBytes(new Uint8Array(data));
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

import { type IncomingMessage, STATUS_CODES } from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import type { Cancel, Scheduler } from "../../hub/scheduler.js";
import type { Exchange, Outlet, Talk } from "../contract/exchange.js";
import type { SessionReason } from "../contract/session.js";
import { WEBSOCKET_BINARY } from "./framing.js";
import type { HttpTarget } from "./http-target.js";
import type { OpenExchanges } from "./open-exchanges.js";
import { peerAddress } from "./peer.js";
import { cutOff, SocketWriter } from "./socket-writer.js";
import { createWebSocketPings, type PingedPeer } from "./websocket-pings.js";

/** What viewers send is read, and thrown away unless they talk `sluice.v1`. */
const MAX_MESSAGE_BYTES = 4 * 1024;
/** Media in binary messages as for everybody, and texts about it. */
const SUBPROTOCOL = "sluice.v1";
/** How long the close handshake may take. */
const LINGER_MS = 2_000;
/** Over this much unsent, a peer gets no pongs and no texts. */
const MAX_PENDING_BYTES = 64 * 1024;
const CLOSE_CODES = { done: 1000, "going-away": 1001, "try-again": 1013 } as const;

/** A handshake, as `upgrade` events have it. */
export interface UpgradeRequest {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly target: HttpTarget;
}

/** Makes exchanges of handshakes, and keeps the connections alive that come of them. */
export interface WebSocketGate {
  /** Touches the socket only once it is used. */
  exchange(upgrade: UpgradeRequest): Exchange;
  close(): void;
}

/** Whether an upgrade is one to WebSocket at all. */
export function isWebSocketUpgrade(request: IncomingMessage): boolean {
  return request.headers.upgrade?.toLowerCase() === "websocket";
}

export function createWebSocketGate(open: OpenExchanges, scheduler: Scheduler): WebSocketGate {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
    autoPong: false,
    // Browsers fail a handshake that answers none of the protocols that they offered: any other gets its first.
    handleProtocols(offered, request) {
      const talks = handshakes.get(request)?.talk !== undefined && offered.has(SUBPROTOCOL);
      return talks ? SUBPROTOCOL : ([...offered].find((name) => name !== SUBPROTOCOL) ?? false);
    },
  });
  const handshakes = new WeakMap<IncomingMessage, Handshake>();
  server.on("headers", (lines, request) => {
    for (const [name, value] of Object.entries(handshakes.get(request)?.headers ?? {}))
      lines.push(`${name}: ${value}`);
  });

  const pings = createWebSocketPings(scheduler);

  function accept(
    { request, socket, head }: UpgradeRequest,
    headers: Readonly<Record<string, string>>,
    talk: Talk | undefined,
    connection: Connection,
  ): Outlet {
    let webSocket: WebSocket | undefined;
    handshakes.set(request, { headers, talk });
    server.handleUpgrade(request, socket, head, (made) => {
      webSocket = made;
    });
    // The peer has left in the meantime, or its handshake was refused: its socket is closing.
    if (webSocket === undefined) return closedOutlet;
    const made = webSocket;
    const pinged = pings.add(made, () => connection.destroy("idle-timeout"));
    made.on("ping", (data) => {
      if (connection.socket.writableLength < MAX_PENDING_BYTES) made.pong(data);
    });
    made.on("error", () => {
      connection.blame("malformed");
      connection.linger();
    });
    if (talk !== undefined && made.protocol === SUBPROTOCOL) converse(made, talk, connection);
    return createWebSocketOutlet(made, pinged, connection);
  }

  return {
    exchange(upgrade) {
      let query: URLSearchParams | undefined;
      let connection: Connection | undefined;
      const connect = (): Connection => {
        connection ??= watchConnection(upgrade.socket, open, scheduler);
        return connection;
      };
      return {
        method: upgrade.request.method ?? "GET",
        path: upgrade.target.path,
        get query() {
          query ??= new URLSearchParams(upgrade.target.search);
          return query;
        },
        headers: upgrade.request.headers,
        remoteAddress: peerAddress(upgrade.request.socket),
        websocket: true,
        get signal() {
          return connect().signal;
        },
        reply(status, headers, body) {
          connect().linger();
          refuse(upgrade.socket, status, headers, body);
        },
        // A handshake has none (RFC 6455 section 4.1: it is a GET).
        body: async () => new Uint8Array(0),
        stream: (headers, talk) => accept(upgrade, headers, talk, connect()),
      };
    },
    close() {
      pings.close();
      server.close();
    },
  };
}

/** What goes into the answer to a handshake. */
interface Handshake {
  readonly headers: Readonly<Record<string, string>>;
  readonly talk: Talk | undefined;
}

/** Passes texts between the peer and who talks with it. */
function converse(webSocket: WebSocket, talk: Talk, { socket }: Connection): void {
  const hear = talk((text) => {
    if (webSocket.readyState === webSocket.OPEN && socket.writableLength < MAX_PENDING_BYTES) {
      webSocket.send(text);
    }
  });
  webSocket.on("message", (data: Buffer, isBinary) => {
    if (!isBinary) hear(data.toString());
  });
}

/** Answers an upgrade request as if it were a plain one, and closes. */
function refuse(
  socket: Duplex,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string | Uint8Array | undefined,
): void {
  const bytes = typeof body === "string" ? Buffer.from(body) : (body ?? new Uint8Array(0));
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`];
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  lines.push("Connection: close", `Content-Length: ${bytes.length}`, "", "");
  if (!socket.writable) return;
  socket.once("finish", () => socket.destroy());
  socket.end(Buffer.concat([Buffer.from(lines.join("\r\n"), "latin1"), bytes]));
}

interface Connection {
  readonly socket: Duplex;
  readonly signal: AbortSignal;
  /** Whose fault it will be when the connection closes. */
  blame(reason: SessionReason): void;
  destroy(reason?: SessionReason): void;
  linger(): void;
}

function watchConnection(socket: Duplex, open: OpenExchanges, scheduler: Scheduler): Connection {
  const abort = new AbortController();
  let reason: SessionReason = "client-closed";
  let cancelLinger: Cancel | undefined;
  const destroy = (why?: SessionReason): void => {
    if (why !== undefined) reason = why;
    if (socket instanceof Socket) cutOff(socket);
    else socket.destroy();
  };
  const linger = (): void => {
    if (!socket.destroyed) cancelLinger ??= scheduler.after(LINGER_MS, () => destroy());
  };
  const release = open.add(() => destroy());
  const onGone = (): void => {
    socket.off("close", onGone);
    socket.off("end", onEnd);
    cancelLinger?.();
    abort.abort(reason);
    release();
  };
  // Half a connection is of no use to a WebSocket, and while it waits nobody else would notice.
  const onEnd = (): void => {
    abort.abort(reason);
    socket.end();
    linger();
  };
  socket.on("close", onGone);
  socket.on("end", onEnd);
  // Node has taken its own listener away with the upgrade, and an error without one ends the process.
  socket.on("error", () => {
    if (reason === "client-closed") reason = "client-reset";
  });
  if (socket.destroyed) queueMicrotask(onGone);
  return {
    socket,
    signal: abort.signal,
    blame(why) {
      reason = why;
    },
    destroy,
    linger,
  };
}

const closedOutlet: Outlet = {
  accept: () => "busy",
  onDrain() {},
  end() {},
  destroy() {},
  bytesOut: 0,
};

function createWebSocketOutlet(webSocket: WebSocket, pinged: PingedPeer, connection: Connection): Outlet {
  // Batches come framed, so they go past ws to the socket. Both write whole frames, in one turn each.
  return new SocketWriter(connection.socket, {
    framing: WEBSOCKET_BINARY,
    session: webSocket,
    pinged,
    end(code) {
      webSocket.close(CLOSE_CODES[code]);
      connection.linger();
    },
    destroy: () => connection.destroy(),
  });
}

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { listenOn, SOCKET_HIGH_WATER_MARK } from "./tcp-listener.js";

const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_TIMEOUT_MS = 15_000;
const CHECK_TIMEOUTS_MS = 2_000;
const TCP_KEEP_ALIVE_MS = 30_000;

export interface HttpServerInit {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** Connections at once; more are closed as they come. */
  readonly maxConnections: number;
  readonly onRequest: (request: IncomingMessage, response: ServerResponse) => void;
  readonly onUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Gets what fails after `listen`, such as running out of file descriptors: the server goes on. */
  readonly onError: (error: Error) => void;
}

/** Our own HTTP port. */
export interface HttpServer {
  /** @throws what the listen call failed with, such as EADDRINUSE */
  listen(): Promise<{ readonly host: string; readonly port: number }>;
  /**
   * Takes connections only through `adopt`. It has to listen somewhere, or no time-out for headers and requests runs.
   *
   * @param address a path of the file system, or a named pipe
   * @throws what the listen call failed with
   */
  listenPrivately(address: string): Promise<void>;
  /** Takes a connection that came in elsewhere. */
  adopt(socket: Socket): void;
  /** Stops listening and closes connections as they have nothing under way; settles when there are none. Idempotent. */
  close(): Promise<void>;
  /** Cuts off every connection that is left. */
  destroy(): void;
}

export function createHttpServer(init: HttpServerInit): HttpServer {
  /** Open connections, each with how many responses are under way on it. */
  const sockets = new Map<Duplex, number>();
  let closed: Promise<void> | undefined;

  const server = createServer({
    highWaterMark: SOCKET_HIGH_WATER_MARK,
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    connectionsCheckingInterval: CHECK_TIMEOUTS_MS,
    noDelay: true,
    // Finds out about peers that vanished while nothing was on its way to them.
    keepAlive: true,
    keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
  });
  server.maxConnections = init.maxConnections;
  let onEmpty: (() => void) | undefined;
  server.on("connection", (socket: Socket) => {
    sockets.set(socket, 0);
    socket.once("close", () => {
      sockets.delete(socket);
      if (sockets.size === 0) onEmpty?.();
    });
  });
  server.on("request", (request, response) => {
    const { socket } = request;
    sockets.set(socket, (sockets.get(socket) ?? 0) + 1);
    response.once("close", () => {
      const left = (sockets.get(socket) ?? 1) - 1;
      if (socket.destroyed) return;
      sockets.set(socket, left);
      if (closed !== undefined && left === 0) socket.destroySoon();
    });
    init.onRequest(request, response);
  });
  server.on("upgrade", (request, socket, head) => {
    sockets.set(socket, (sockets.get(socket) ?? 0) + 1);
    init.onUpgrade(request, socket, head);
  });

  return {
    async listen() {
      const address = await listenOn(server, init.host, init.port);
      server.on("error", init.onError);
      return address;
    },
    listenPrivately(address) {
      return new Promise((resolve, reject) => {
        server.once("error", reject);
        server.listen(address, () => {
          server.off("error", reject);
          server.on("error", init.onError);
          resolve();
        });
      });
    },
    adopt(socket) {
      if (closed !== undefined || sockets.size >= init.maxConnections) {
        socket.destroy();
        return;
      }
      // As this server's own connections are.
      socket.allowHalfOpen = true;
      socket.setNoDelay(true);
      socket.setKeepAlive(true, TCP_KEEP_ALIVE_MS);
      server.emit("connection", socket);
    },
    close() {
      closed ??= Promise.all([
        // The error says that it was not listening: nothing to close.
        new Promise<void>((resolve) => server.close(() => resolve())),
        // Those that were adopted it does not know of.
        new Promise<void>((resolve) => {
          onEmpty = resolve;
          for (const [socket, responses] of sockets) if (responses === 0) socket.destroy();
          if (sockets.size === 0) resolve();
        }),
      ]).then(() => {});
      return closed;
    },
    destroy() {
      for (const socket of sockets.keys()) socket.destroy();
    },
  };
}

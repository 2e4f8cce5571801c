import { createServer, type Server, type Socket } from "node:net";
import type { ServerConfig } from "../app.js";
import type { Logger } from "../contract/logger.js";
import type { Endpoint } from "../contract/protocol.js";
import { listenOn } from "../net/tcp-listener.js";
import type { Door } from "./messages.js";

/** The ports of a server of several processes: what comes in is handed over unread. */
export interface Doors {
  /** @throws what a listen call failed with, such as EADDRINUSE */
  listen(): Promise<readonly Endpoint[]>;
  /** Takes no more. What was handed over is its new owner's. */
  close(): void;
}

export function createDoors(
  config: ServerConfig,
  doors: readonly Door[],
  log: Logger,
  take: (door: Door, socket: Socket) => void,
): Doors {
  const servers = doors.map((door): readonly [Door, Server] => {
    // Paused: what a peer sends belongs to the process that gets it.
    return [door, createServer({ pauseOnConnect: true }, (socket) => take(door, socket))];
  });
  return {
    async listen() {
      const endpoints: Endpoint[] = [];
      for (const [door, server] of servers) {
        const { host, port } = config[door];
        endpoints.push({ protocol: door, ...(await listenOn(server, host, port)) });
        server.on("error", (error) => log.error({ err: error, door }, "a listener failed"));
      }
      return endpoints;
    },
    close() {
      // Not waited for: Node's count of connections that were handed over does not come right once a worker has died,
      // and the workers' own end, which is waited for, is the end of theirs.
      for (const [, server] of servers) server.close();
    },
  };
}

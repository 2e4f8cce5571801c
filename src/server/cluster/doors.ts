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
  /** Takes no more; settles once the connections that were handed over have closed too. */
  close(): Promise<void>;
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
    async close() {
      // The error says that it was not listening: nothing to close.
      await Promise.all(servers.map(([, server]) => new Promise((resolve) => server.close(resolve))));
    },
  };
}

import { type AddressInfo, createServer, type Server, type Socket } from "node:net";

/** Node's own default of 16 KiB makes a write of one large picture wait for the kernel in between. */
export const SOCKET_HIGH_WATER_MARK: number = 64 * 1024;

export interface TcpListenerInit {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** Connections at once; more are closed as they come. */
  readonly maxConnections: number;
  readonly onConnection: (socket: Socket) => void;
  /** Gets what fails after `listen`, such as running out of file descriptors: the listener goes on. */
  readonly onError: (error: Error) => void;
}

/** A listening TCP port. The connections that come in on it are their owners'. */
export interface TcpListener {
  /** @throws what the listen call failed with, such as EADDRINUSE */
  listen(): Promise<{ readonly host: string; readonly port: number }>;
  /** Stops listening; settles once the connections have closed too, which is up to their owners. Idempotent. */
  close(): Promise<void>;
}

export function createTcpListener(init: TcpListenerInit): TcpListener {
  const options = { noDelay: true, highWaterMark: SOCKET_HIGH_WATER_MARK };
  const server = createServer(options, init.onConnection);
  server.maxConnections = init.maxConnections;
  let closed: Promise<void> | undefined;
  return {
    async listen() {
      const address = await listenOn(server, init.host, init.port);
      server.on("error", init.onError);
      return address;
    },
    close() {
      closed ??= new Promise((resolve) => {
        // The error says that it was not listening: nothing to close.
        server.close(() => resolve());
      });
      return closed;
    },
  };
}

/** Listens, and takes `::` as every address also where the system has no IPv6. */
export async function listenOn(
  server: Server,
  host: string,
  port: number,
): Promise<{ readonly host: string; readonly port: number }> {
  try {
    await listenOnce(server, host, port);
  } catch (error) {
    if (host !== "::" || (error as NodeJS.ErrnoException).code !== "EAFNOSUPPORT") throw error;
    await listenOnce(server, "0.0.0.0", port);
  }
  const address = server.address() as AddressInfo;
  return { host: address.address, port: address.port };
}

function listenOnce(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const onListening = (): void => {
      server.off("error", onError);
      resolve();
    };
    const onError = (error: Error): void => {
      server.off("listening", onListening);
      reject(error);
    };
    server.once("listening", onListening);
    server.once("error", onError);
    server.listen({ host, port });
  });
}

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Scheduler } from "../../hub/scheduler.js";
import type { Logger } from "../contract/logger.js";
import { createHttpServer } from "../net/http-server.js";
import { isLoopbackAddress, isLoopbackHost } from "../net/loopback.js";
import { DEFAULT_OPS_PORT } from "./options.js";

/** Answers one request on the operations port. What it throws, or rejects with, is logged and answered with 500. */
export type OpsHandler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/** Handlers by path. A path that ends with a slash stands for all that begin with it, the longest first. */
export type OpsRoutes = Readonly<Record<string, OpsHandler>>;

export interface OpsServerInit {
  readonly host: string;
  /** 0 picks a free one; so does the default where it is taken. */
  readonly port: number;
  readonly routes: OpsRoutes;
  readonly scheduler: Scheduler;
  readonly log: Logger;
}

/** The port that those see who run the server: no viewer's, and on no address that a viewer reaches. */
export interface OpsServer {
  /** @throws what the listen call failed with, such as EADDRINUSE for a port that somebody chose */
  listen(): Promise<{ readonly host: string; readonly port: number }>;
  /** Settles once its connections are closed; what is under way gets a second. Idempotent. */
  close(): Promise<void>;
}

/** A scraper, a few probes and somebody with a profiler. */
const MAX_CONNECTIONS = 100;
const LINGER_MS = 1_000;

export function createOpsServer(init: OpsServerInit): OpsServer {
  const { host, port, routes, log, scheduler } = init;
  const onlyLocal = isLoopbackAddress(host) || host === "localhost";
  const prefixes = Object.keys(routes)
    .filter((path) => path.endsWith("/"))
    .sort((a, b) => b.length - a.length);

  function handlerOf(path: string): OpsHandler | undefined {
    if (Object.hasOwn(routes, path)) return routes[path];
    const prefix = prefixes.find((candidate) => path.startsWith(candidate));
    return prefix === undefined ? undefined : routes[prefix];
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = "/"] = (request.url ?? "/").split("?", 1);
    try {
      // A website whose name resolves to 127.0.0.1 must not read our heap (DNS rebinding).
      if (onlyLocal && !isLoopbackHost(request.headers.host)) {
        replyText(response, 403, "This port answers to localhost only.\n");
        return;
      }
      const handler = handlerOf(path);
      if (handler === undefined) replyText(response, 404, `There is: ${Object.keys(routes).join(" ")}\n`);
      else await handler(request, response);
    } catch (error) {
      log.error({ err: error, path }, "the operations port failed to answer");
      if (response.headersSent) response.destroy();
      else replyText(response, 500, "It failed; the log says why.\n");
    }
  }

  const serverInit = {
    host,
    maxConnections: MAX_CONNECTIONS,
    onRequest: (request: IncomingMessage, response: ServerResponse) => void answer(request, response),
    onUpgrade: (_request: IncomingMessage, socket: { destroy(): void }) => socket.destroy(),
    onError: (error: Error) => log.error({ err: error }, "the operations port failed"),
  };
  let server = createHttpServer({ ...serverInit, port });
  let closed: Promise<void> | undefined;

  return {
    async listen() {
      try {
        return await server.listen();
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code !== "EADDRINUSE" || port !== DEFAULT_OPS_PORT) throw error;
        // Nobody asked for this one: a second server on a machine must not fail over it.
        log.warn({ port }, "the operations port is taken: a free one is used");
        server = createHttpServer({ ...serverInit, port: 0 });
        return server.listen();
      }
    },
    close() {
      closed ??= (async () => {
        const cancel = scheduler.after(LINGER_MS, () => server.destroy());
        await server.close();
        cancel();
      })();
      return closed;
    },
  };
}

/** A whole answer in plain text. */
export function replyText(
  response: ServerResponse,
  status: number,
  text: string,
  type = "text/plain; charset=utf-8",
): void {
  response.writeHead(status, {
    "Content-Type": type,
    "Content-Length": Buffer.byteLength(text),
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
  });
  response.end(text);
}

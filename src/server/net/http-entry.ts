import type { EventEmitter } from "node:events";
import { type IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Scheduler } from "../../hub/scheduler.js";
import type { Exchange } from "../contract/exchange.js";
import { createFetchExchange } from "./fetch-exchange.js";
import { createHttpExchange, type HttpRequest, type HttpResponse } from "./http-exchange.js";
import { type HttpTarget, mountPrefix, parseTarget, pathOf } from "./http-target.js";
import { createOpenExchanges } from "./open-exchanges.js";
import { replyProblem } from "./problem.js";
import { createWebSocketGate, isWebSocketUpgrade } from "./websocket-exchange.js";

/** Where one request goes: true when it was taken. */
export type Route = (exchange: Exchange) => boolean;

/** Anything that emits `request` and `upgrade` as Node's HTTP, HTTPS and HTTP/2 servers do. */
export type HostServer = Pick<EventEmitter, "emit" | "on" | "off" | "listenerCount">;

/** How `attach` shares a server. */
export interface AttachOptions {
  /** The path that all our addresses begin with, such as `/media`; none by default. */
  readonly prefix?: string;
}

/** How requests come in, whatever server they come from. */
export interface HttpEntry {
  /** Answers what is ours; hands on the rest to `next`, or answers 404 where there is none. */
  request(request: HttpRequest, response: HttpResponse, next?: () => void): void;
  /** Answers an upgrade request; one that is not for us is refused. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  fetch(request: Request): Promise<Response>;
  /** Takes what is ours out of what a server is asked for. @returns undoes it */
  attach(server: HostServer, options: AttachOptions): () => void;
  /** Settles once the connections of all exchanges have been released. */
  drained(): Promise<void>;
  /** Cuts them off. */
  destroy(): void;
  /** Gives up what no connection holds. */
  close(): void;
}

export interface HttpEntryInit {
  readonly scheduler: Scheduler;
  readonly route: Route;
  /** Whether, on a server that others serve too, this exchange can only be meant for us. */
  readonly oursAmongOthers: Route;
}

/** How many mount points are remembered: a router with parameters in its path has no end of them. */
const MAX_PREFIXES = 16;

export function createHttpEntry({ scheduler, route, oursAmongOthers }: HttpEntryInit): HttpEntry {
  const open = createOpenExchanges();
  const gate = createWebSocketGate(open, scheduler);
  /** Mount points that requests came in by: frameworks route these, but not upgrades. */
  const prefixes = new Set<string>();
  const attached = new Set<() => void>();

  function handle(request: HttpRequest, response: HttpResponse, target: HttpTarget, wanted: Route): boolean {
    const exchange = createHttpExchange({ request, response, target, open, scheduler });
    return wanted(exchange) && route(exchange);
  }

  /** A mount point without a slash at its end: links relative to it would lead out of it. */
  function enter(request: HttpRequest, response: HttpResponse, prefix: string): void {
    const target = { path: prefix, search: "" };
    const Location = `${prefix.slice(prefix.lastIndexOf("/") + 1)}/`;
    createHttpExchange({ request, response, target, open, scheduler }).reply(308, { Location });
  }

  function handshake(request: IncomingMessage, socket: Duplex, head: Buffer, target: HttpTarget): boolean {
    return route(gate.exchange({ request, socket, head, target }));
  }

  function request(request: HttpRequest, response: HttpResponse, next?: () => void): void {
    const url = request.url ?? "/";
    const prefix = mountPrefix(url, originalUrlOf(request));
    if (prefix !== "" && prefixes.size < MAX_PREFIXES) prefixes.add(prefix);
    const target = parseTarget(url);
    if (target?.path === "/" && prefix !== "" && pathOf(originalUrlOf(request) ?? "") === prefix) {
      enter(request, response, prefix);
      return;
    }
    if (target !== undefined && handle(request, response, target, yes)) return;
    if (next !== undefined) {
      next();
      return;
    }
    const path = target?.path ?? "";
    notFound(createHttpExchange({ request, response, target: { path, search: "" }, open, scheduler }));
  }

  function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (!isWebSocketUpgrade(request)) {
      answerAsRequest(request, socket, (response) => requestEntry(request, response));
      return;
    }
    const url = request.url ?? "/";
    const target = parseTarget(url);
    // A name may begin like a mount point, but there requests are the mount point's.
    for (const prefix of prefixes) {
      const inner = below(target, prefix);
      if (inner !== undefined && handshake(request, socket, head, inner)) return;
    }
    if (target !== undefined && handshake(request, socket, head, target)) return;
    notFound(gate.exchange({ request, socket, head, target: { path: target?.path ?? "", search: "" } }));
  }
  const requestEntry = request;

  return {
    request,
    upgrade,
    async fetch(request) {
      const url = new URL(request.url);
      const target = parseTarget(url.pathname + url.search);
      const known = target ?? { path: "", search: "" };
      const { exchange, response } = createFetchExchange(request, known, open, scheduler);
      if (target === undefined || !route(exchange)) notFound(exchange);
      return response;
    },
    attach(server, { prefix = "" }) {
      const detach = attach(server, prefix);
      attached.add(detach);
      return () => {
        attached.delete(detach);
        detach();
      };
    },
    drained: open.drained,
    destroy: open.destroy,
    close() {
      for (const detach of attached) detach();
      attached.clear();
      gate.close();
    },
  };

  /**
   * Takes our requests before any listener of the server sees them, whenever that was added: a listener beside the
   * others could not keep them from answering too.
   */
  function attach(server: HostServer, prefix: string): () => void {
    let active = true;
    const emit = server.emit;
    const others = (event: string, own: number): boolean => server.listenerCount(event) > own;

    function takesRequest(request: HttpRequest, response: HttpResponse): boolean {
      const whole = parseTarget(request.url ?? "/");
      if (prefix !== "" && whole?.path === prefix) {
        enter(request, response, prefix);
        return true;
      }
      const target = below(whole, prefix);
      // Where nobody else answers, a 404 is better than nothing.
      if (!others("request", 0)) {
        if (target === undefined || !handle(request, response, target, yes)) {
          notFound(
            createHttpExchange({ request, response, target: { path: "", search: "" }, open, scheduler }),
          );
        }
        return true;
      }
      return target !== undefined && handle(request, response, target, prefix === "" ? oursAmongOthers : yes);
    }

    function takesUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
      const target = below(parseTarget(request.url ?? "/"), prefix);
      return isWebSocketUpgrade(request) && target !== undefined && handshake(request, socket, head, target);
    }

    const intercept = (event: string | symbol, ...values: unknown[]): boolean => {
      if (active) {
        const [request, second, head] = values as [IncomingMessage, never, Buffer];
        if (event === "request" && takesRequest(request, second)) return true;
        if (event === "upgrade" && takesUpgrade(request, second, head)) return true;
      }
      return emit.call(server, event, ...values);
    };
    // Node offers upgrades only to a server that listens for them. Where we are the only one who does, what is not for
    // us is answered as it would have been without us.
    const onUpgrade = (request: IncomingMessage, socket: Duplex): void => {
      if (others("upgrade", 1)) return;
      answerAsRequest(request, socket, (response) => {
        server.emit("request", request, response);
      });
    };
    server.emit = intercept;
    server.on("upgrade", onUpgrade);
    return () => {
      active = false;
      server.off("upgrade", onUpgrade);
      // Who wrapped it after us still calls it.
      if (server.emit === intercept) server.emit = emit;
    };
  }
}

const yes: Route = () => true;

function notFound(exchange: Exchange): void {
  replyProblem(exchange, 404, "not-found", "There is nothing at this address.");
}

function originalUrlOf(request: HttpRequest): string | undefined {
  const { originalUrl } = request as { readonly originalUrl?: unknown };
  return typeof originalUrl === "string" ? originalUrl : undefined;
}

/** The target as seen from a mount point; undefined where it lies elsewhere. */
function below(target: HttpTarget | undefined, prefix: string): HttpTarget | undefined {
  if (target === undefined || prefix === "") return target;
  return target.path.startsWith(`${prefix}/`)
    ? { ...target, path: target.path.slice(prefix.length) }
    : undefined;
}

/** Answers a request for an upgrade that nobody offers, such as `h2c`, as the plain HTTP/1.1 request that it also is. */
function answerAsRequest(
  request: IncomingMessage,
  socket: Duplex,
  answer: (response: ServerResponse) => void,
): void {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket as typeof request.socket);
  const onDrain = (): void => {
    response.emit("drain");
  };
  socket.on("drain", onDrain);
  socket.on("error", () => socket.destroy());
  response.on("finish", () => {
    socket.off("drain", onDrain);
    response.detachSocket(socket as typeof request.socket);
    socket.end();
    response.emit("close");
  });
  answer(response);
}

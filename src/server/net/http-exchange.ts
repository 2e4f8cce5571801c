import { type IncomingMessage, ServerResponse } from "node:http";
import { constants, type Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import { Socket } from "node:net";
import type { Scheduler } from "../../hub/scheduler.js";
import type { BodyLimits, Exchange, Outlet } from "../contract/exchange.js";
import type { SessionReason } from "../contract/session.js";
import { HTTP_CHUNK } from "./framing.js";
import type { HttpTarget } from "./http-target.js";
import type { OpenExchanges } from "./open-exchanges.js";
import { peerAddress } from "./peer.js";
import { readRequestBody } from "./request-body.js";
import { watchSocketEnd } from "./socket-end.js";
import { cutOff, SocketWriter } from "./socket-writer.js";

/** What `handler` takes: a request of Node's HTTP/1 or HTTP/2 server. */
export type HttpRequest = IncomingMessage | Http2ServerRequest;
/** Its response. */
export type HttpResponse = ServerResponse | Http2ServerResponse;

/** How long a body that has ended in order may take to get to its reader. */
const LINGER_MS = 5_000;
/** How long one whose body was refused may go on sending: who is cut off while it sends does not read the answer. */
const UNREAD_LINGER_MS = 1_000;

export interface HttpExchangeInit {
  readonly request: HttpRequest;
  readonly response: HttpResponse;
  readonly target: HttpTarget;
  readonly open: OpenExchanges;
  readonly scheduler: Scheduler;
}

/**
 * An exchange over Node's request and response, of HTTP/1.0, 1.1 or 2. It touches neither until it is used: one whose
 * path is not ours is handed on as it came.
 */
export function createHttpExchange(init: HttpExchangeInit): Exchange {
  return new HttpExchange(init);
}

class HttpExchange implements Exchange {
  readonly method: string;
  readonly path: string;
  readonly headers: Exchange["headers"];
  readonly websocket = false;
  readonly #init: HttpExchangeInit;
  readonly #socket: Socket | undefined;
  #query: URLSearchParams | undefined;
  #connection: Connection | undefined;
  /** Its body was not read to the end. */
  #unread = false;

  constructor(init: HttpExchangeInit) {
    const { request, response, target } = init;
    this.method = request.method ?? "GET";
    this.path = target.path;
    this.headers = request.headers;
    this.#init = init;
    this.#socket = response instanceof ServerResponse ? request.socket : undefined;
  }

  get query(): URLSearchParams {
    this.#query ??= new URLSearchParams(this.#init.target.search);
    return this.#query;
  }

  get remoteAddress(): string {
    return peerAddress(this.#init.request.socket);
  }

  get signal(): AbortSignal {
    return this.#connect().signal;
  }

  async body(limits: BodyLimits): Promise<Uint8Array> {
    const { request, scheduler } = this.#init;
    this.#connect();
    try {
      return await readRequestBody(request, limits, scheduler);
    } catch (error) {
      this.#unread = !request.readableEnded;
      throw error;
    }
  }

  reply(status: number, headers: Readonly<Record<string, string>>, body?: string | Uint8Array): void {
    const { request, response } = this.#init;
    const connection = this.#connect();
    if (response.headersSent) return;
    const bytes = typeof body === "string" ? Buffer.from(body) : body;
    response.statusCode = status;
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    if (bytes !== undefined) response.setHeader("content-length", bytes.length);
    if (this.#unread) endUnread(this.#init, bytes, connection);
    else if (bytes === undefined || request.method === "HEAD") response.end();
    else response.end(bytes);
  }

  stream(headers: Readonly<Record<string, string>>): Outlet {
    const { request, response } = this.#init;
    const held = this.#connect();
    // Whatever a GET has for a body is of no interest, but unread it would hide that the viewer has gone.
    request.resume();
    response.statusCode = 200;
    response.removeHeader("content-length");
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    if (this.#socket !== undefined) response.setHeader("connection", "close");
    // In one packet with what a viewer begins with.
    this.#socket?.cork();
    // Asked for first: headers that Node refuses would leave it corked.
    process.nextTick(() => this.#socket?.uncork());
    (response as ServerResponse).flushHeaders();
    return response instanceof ServerResponse && isUnwrapped(response, this.#socket)
      ? createRawOutlet(response, this.#socket, held)
      : createWrappedOutlet(response, held);
  }

  #connect(): Connection {
    this.#connection ??= watchConnection(this.#init, this.#socket);
    return this.#connection;
  }
}

/** Answers at once, and goes on reading for a while before it closes. */
function endUnread(
  { request, response, scheduler }: HttpExchangeInit,
  bytes: Uint8Array | undefined,
  connection: Connection,
): void {
  if (response instanceof ServerResponse) response.setHeader("connection", "close");
  if (bytes === undefined) (response as ServerResponse).flushHeaders();
  else (response as ServerResponse).write(bytes);
  const end = (): void => {
    cancel();
    request.off("close", end);
    response.end();
    connection.linger();
  };
  const cancel = scheduler.after(UNREAD_LINGER_MS, end);
  request.on("end", end);
  request.on("close", end);
  request.resume();
}

interface Connection {
  readonly signal: AbortSignal;
  destroy(): void;
  /** The body has ended: cuts the connection off if it does not get there. */
  linger(): void;
}

/** Follows the connection until its response is done or the peer has gone. */
function watchConnection(
  { response, open, scheduler }: HttpExchangeInit,
  socket: Socket | undefined,
): Connection {
  const abort = new AbortController();
  const destroy = (): void => {
    if (socket !== undefined) cutOff(socket);
    else (response as Http2ServerResponse).stream?.close(constants.NGHTTP2_CANCEL);
  };
  const release = open.add(destroy);
  let cancelLinger: (() => void) | undefined;
  const onGone = (): void => {
    // A response that waits in line behind another on its connection never hears of the end but from the socket.
    response.off("close", onGone);
    unwatch?.();
    cancelLinger?.();
    const reason: SessionReason = socket?.errored == null ? "client-closed" : "client-reset";
    abort.abort(reason);
    release();
  };
  // Node answers the peer's FIN with its own, so nothing more can be written.
  const onEnd = (): void => {
    if (!response.writableEnded) socket?.destroy();
  };
  response.on("close", onGone);
  // What fails here fails the socket too, which is what we watch.
  response.on("error", ignore);
  const unwatch = socket === undefined ? undefined : watchSocketEnd(socket, onEnd, onGone);
  if (socket?.destroyed === true) queueMicrotask(onGone);
  return {
    signal: abort.signal,
    destroy,
    linger() {
      if (!abort.signal.aborted) cancelLinger ??= scheduler.after(LINGER_MS, destroy);
    },
  };
}

/**
 * Whether bytes written to the socket arrive as this response's body: HTTP/1.1 in chunks, its headers out, its turn
 * come, and nobody between us and it, as compression middleware would be.
 */
function isUnwrapped(response: ServerResponse, socket: Socket | undefined): socket is Socket {
  return (
    response.write === ServerResponse.prototype.write &&
    response.end === ServerResponse.prototype.end &&
    response.chunkedEncoding &&
    socket instanceof Socket &&
    response.socket === socket &&
    socket.write === Socket.prototype.write
  );
}

function ignore(): void {}

function createRawOutlet(response: ServerResponse, socket: Socket, connection: Connection): Outlet {
  return new SocketWriter(socket, {
    framing: HTTP_CHUNK,
    end() {
      // Node writes the last chunk: it has not seen the others, but knows that they were promised.
      response.end();
      connection.linger();
    },
    destroy: connection.destroy,
  });
}

function createWrappedOutlet(response: HttpResponse, connection: Connection): Outlet {
  let bytesOut = 0;
  let waiting = false;
  let resume: (() => void) | undefined;
  const onDrain = (): void => {
    if (!waiting) return;
    waiting = false;
    resume?.();
  };
  response.on("drain", onDrain);
  const release = (): void => {
    resume = undefined;
    response.off("drain", onDrain);
  };
  return {
    accept(batch) {
      if (waiting || response.writableEnded || response.destroyed) return "busy";
      if (batch.bytes.length === 0) return "ok";
      bytesOut += batch.bytes.length;
      waiting = !(response as ServerResponse).write(batch.bytes);
      return "ok";
    },
    onDrain(callback) {
      resume = callback;
    },
    end() {
      release();
      response.end();
      connection.linger();
    },
    destroy() {
      release();
      connection.destroy();
    },
    get bytesOut() {
      return bytesOut;
    },
  };
}

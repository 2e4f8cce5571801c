import type { Batch } from "../hub/batch.js";
import { Refused } from "../hub/refused.js";
import type { Drop, Sink } from "../hub/sink.js";
import type { Stream } from "../hub/stream.js";
import type { Subscriber } from "../hub/subscriber.js";
import type { Selection } from "../hub/variant.js";
import type { ContainerFormat } from "../media/model/container.js";
import type { Exchange, Outlet } from "./contract/exchange.js";
import type { LadderChoice } from "./contract/ladder.js";
import type { ProtocolContext } from "./contract/protocol.js";
import {
  MAX_USER_AGENT_LENGTH,
  REFUSAL_REASONS,
  type Session,
  type SessionReason,
} from "./contract/session.js";
import type { Span } from "./contract/trace.js";
import { createDropCounter } from "./drop-counter.js";
import { watchViewer } from "./net/kernel-queues.js";
import { CORS_HEADERS, replyOptions, replyProblem } from "./net/problem.js";
import { type StreamName, streamKey } from "./net/stream-name.js";
import { linkPublisher } from "./observe/trace/link-publisher.js";

const METHODS = "GET, HEAD, OPTIONS";
const RETRY_AFTER_SECONDS = "5";

/** What differs between the protocols that are no more than a container over HTTP. */
export interface ViewerInit {
  readonly context: ProtocolContext;
  /** The protocol's name in sessions and access requests. */
  readonly protocol: string;
  readonly stream: StreamName;
  readonly format: ContainerFormat;
  readonly contentType: string;
  /** How long one who comes before the publisher waits, milliseconds. */
  readonly waitForPublisherMs: number;
  /** Its players take another configuration in the middle: they can be moved to another rendition. */
  readonly isMovable?: boolean;
  /** What is played in the stream's place. */
  readonly choice?: LadderChoice | undefined;
}

/** One viewer from its request to its end: answers preflights, checks, waits, subscribes, and says why it ended. */
export function serveViewer(exchange: Exchange, init: ViewerInit): void {
  const { method } = exchange;
  if (method === "OPTIONS") {
    replyOptions(exchange, METHODS);
    return;
  }
  if (method !== "GET" && method !== "HEAD") {
    replyProblem(exchange, 405, "method", `Only ${METHODS} are answered here.`, { Allow: METHODS });
    return;
  }
  const selection = readSelection(exchange.query);
  if (typeof selection === "string") {
    replyProblem(exchange, 400, "query", selection);
    return;
  }
  const userAgent = first(exchange.headers["user-agent"])?.slice(0, MAX_USER_AGENT_LENGTH);
  const { remoteAddress } = exchange;
  const traceparent = single(exchange.headers.traceparent);
  const who = { protocol: init.protocol, remoteAddress, userAgent, traceparent };
  const session = init.context.openSession(who);
  if (session === undefined) {
    replyProblem(exchange, 503, "limit", "The server has as many connections as it takes, or is stopping.", {
      "Retry-After": RETRY_AFTER_SECONDS,
    });
    return;
  }
  session.trace.set({ "http.request.method": method, "url.path": exchange.path });
  const request = session.trace.start("request");
  admit(exchange, init, session, request, selection).catch((error: unknown) => {
    init.context.log.error({ ...session.logFields, err: error }, "serving a viewer failed");
    refuse(exchange, session, 500, "internal", "internal", "The server failed; its log says why.");
  });
}

async function admit(
  exchange: Exchange,
  init: ViewerInit,
  session: Session,
  request: Span,
  selection: Selection,
): Promise<void> {
  const { context, stream: streamName, protocol, waitForPublisherMs } = init;
  session.ask("play", streamName.app, streamName.name);
  const either = anySignal(exchange.signal, session.signal);
  const verdict = await context.authorize({
    action: "play",
    protocol,
    ...streamName,
    query: exchange.query,
    remoteAddress: session.remoteAddress,
    userAgent: session.userAgent,
    headers: exchange.headers,
    sessionId: session.id,
    traceparent: session.trace.traceparent,
    signal: either.signal,
  });
  // Who only asks whether there is a stream gets the answer at once.
  const waitMs = exchange.method === "HEAD" ? 0 : waitForPublisherMs;
  const join = verdict.allowed ? session.trace.start("join") : undefined;
  const found = verdict.allowed ? await find(exchange, init, waitMs, either.signal) : undefined;
  either.release();
  if (exchange.signal.aborted) {
    session.end(exchange.signal.reason as SessionReason);
  } else if (session.signal.aborted) {
    const reason = session.signal.reason as SessionReason;
    refuse(exchange, session, 503, reason, reason, "The server ended the connection.");
  } else if (!verdict.allowed) {
    refuse(exchange, session, 403, "denied", "denied", "You may not play this stream.", verdict.reason);
  } else if (found === undefined) {
    const message = `There is no stream ${streamKey(streamName)}.`;
    refuse(exchange, session, 404, "not-found", "not-found", message);
  } else if (exchange.method === "HEAD") {
    exchange.reply(200, streamHeaders(found.init, session));
    session.trace.set({ "http.response.status_code": 200 });
    session.end("client-closed", "HEAD");
  } else {
    play(exchange, found.init, session, request, found.stream, selection);
    join?.end();
  }
}

interface Found {
  readonly stream: Stream;
  readonly init: ViewerInit;
}

/** The stream that was asked for once it is live, or the rendition of it that suits the request. */
async function find(
  exchange: Exchange,
  init: ViewerInit,
  waitMs: number,
  signal: AbortSignal,
): Promise<Found | undefined> {
  const { hub, ladder } = init.context;
  const asked = streamKey(init.stream);
  if (ladder === undefined) {
    const stream = await hub.whenLive(asked, waitMs, signal);
    return stream && { stream, init };
  }
  const choose = async (waitMs: number): Promise<Found | undefined> => {
    const choice = ladder.choose(init.stream, exchange);
    const key = streamKey(choice?.stream ?? init.stream);
    // What is live in another process, or is made when it is asked for, takes a moment to come.
    const stream = hub.isLive(key) ? await hub.whenLive(key, waitMs, signal) : undefined;
    return stream && { stream, init: { ...init, choice } };
  };
  const now = await choose(waitMs);
  if (now !== undefined) return now;
  const stream = await hub.whenLive(asked, waitMs, signal);
  // While it was waited for the stream itself, renditions may have come too.
  return stream && ((await choose(0)) ?? { stream, init });
}

function play(
  exchange: Exchange,
  init: ViewerInit,
  session: Session,
  request: Span,
  stream: Stream,
  selection: Selection,
): void {
  linkPublisher(session.trace, stream);
  const viewer = new Viewer(exchange, init, session, request);
  const { app, name } = init.choice?.stream ?? init.stream;
  if (init.choice !== undefined) session.adapt(init.choice.adapted);
  session.begin("play", app, name);
  try {
    viewer.watch(stream.subscribe({ format: init.format, selection, sink: viewer }));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const reason = REFUSAL_REASONS[error.code];
    const status = reason === "no-tracks" || reason === "not-found" ? 404 : 503;
    refuse(exchange, session, status, reason, error.code, `${error.message}.`);
  }
}

/** Between the hub and one connection: a class for the reason that SocketWriter is one. */
class Viewer implements Sink {
  readonly #exchange: Exchange;
  readonly #init: ViewerInit;
  readonly #session: Session;
  readonly #request: Span;
  /** When it was let in, on its trace's clock. */
  readonly #joinedAt: number;
  #sent = false;
  #outlet: Outlet | undefined;
  #subscriber: Subscriber | undefined;
  #ending: SessionReason | undefined;
  #unwatch: (() => void) | undefined;
  #unmove: (() => void) | undefined;
  #countDrop: ((drop: Drop) => void) | undefined;

  constructor(exchange: Exchange, init: ViewerInit, session: Session, request: Span) {
    this.#exchange = exchange;
    this.#init = init;
    this.#session = session;
    this.#request = request;
    this.#joinedAt = session.trace.now();
  }

  /** Follows both sides' wish to end it. */
  watch(subscriber: Subscriber): void {
    this.#subscriber = subscriber;
    if (subscriber.ended) return;
    const outlet = this.#opened();
    outlet.onDrain(() => subscriber.resume());
    this.#unwatch = watchViewer(this.#init.context, this.#session, outlet, subscriber);
    const { choice, isMovable } = this.#init;
    if (choice !== undefined && isMovable === true) {
      this.#unmove = this.#init.context.mover?.watch({ session: this.#session, subscriber, choice });
    }
    for (const { signal } of [this.#exchange, this.#session]) {
      signal.addEventListener("abort", this);
      if (signal.aborted) this.#close(signal);
    }
  }

  get direct(): Outlet | undefined {
    return this.#outlet;
  }

  /** Until it has caught up: from then on batches go to the outlet itself. */
  accept(batch: Batch): "ok" | "busy" {
    if (!this.#sent) {
      this.#sent = true;
      this.#session.trace.start("first byte", { startedAt: this.#joinedAt }).end();
    }
    const answer = (this.#outlet ?? this.#opened()).accept(batch);
    if (answer === "ok" && batch.frames > 0) this.#session.firstFrame();
    return answer;
  }

  cork(): void {
    this.#opened().cork?.();
  }

  uncork(): void {
    this.#outlet?.uncork?.();
  }

  dropped(drop: Drop): void {
    this.#countDrop ??= createDropCounter(this.#session, this.#init.context);
    this.#countDrop(drop);
  }

  end(reason: SessionReason): void {
    this.#unwatch?.();
    this.#unmove?.();
    this.#exchange.signal.removeEventListener("abort", this);
    this.#session.signal.removeEventListener("abort", this);
    endOutlet(this.#opened(), this.#ending ?? reason);
    this.#session.end(this.#ending ?? reason);
  }

  handleEvent({ target }: Event): void {
    this.#close(target as AbortSignal);
  }

  #close({ reason }: AbortSignal): void {
    this.#ending ??= reason as SessionReason;
    this.#subscriber?.close("aborted");
  }

  /** The headers go out only when the hub has let it in: its first batches come from within `subscribe`. */
  #opened(): Outlet {
    if (this.#outlet === undefined) {
      const talk = this.#exchange.websocket ? this.#init.context.talk(this.#session) : undefined;
      this.#outlet = this.#exchange.stream(streamHeaders(this.#init, this.#session), talk);
      this.#session.measure(this.#outlet);
      this.#session.trace.set({ "http.response.status_code": this.#exchange.websocket ? 101 : 200 });
      this.#request.end();
    }
    return this.#outlet;
  }
}

/** Ends a body as its reason deserves: only who can still read gets an orderly end. */
function endOutlet(outlet: Outlet, reason: SessionReason): void {
  switch (reason) {
    case "unpublished":
      outlet.end("done");
      break;
    case "shutdown":
      outlet.end("going-away");
      break;
    case "config-changed":
    case "timeline-end":
    case "taken-over":
      outlet.end("try-again");
      break;
    default:
      outlet.destroy();
  }
}

function refuse(
  exchange: Exchange,
  session: Session,
  status: number,
  reason: SessionReason,
  error: string,
  message: string,
  detail?: string,
): void {
  session.trace.set({ "http.response.status_code": status });
  replyProblem(exchange, status, error, message, {
    ...sessionHeaders(session),
    ...(status === 503 ? { "Retry-After": RETRY_AFTER_SECONDS } : {}),
  });
  session.end(reason, detail);
}

function streamHeaders(
  { contentType, choice }: ViewerInit,
  session: Session,
): Readonly<Record<string, string>> {
  return {
    ...CORS_HEADERS,
    "Content-Type": contentType,
    "Cache-Control": "no-store",
    // nginx would gather a buffer full before it passed anything on.
    "X-Accel-Buffering": "no",
    "X-Content-Type-Options": "nosniff",
    ...sessionHeaders(session),
    ...choice?.headers,
  };
}

/** What its player gets to know of it. The traceparent is what W3C Trace Context has for requests: see docs/tracing.md. */
function sessionHeaders({ id, trace }: Session): Readonly<Record<string, string>> {
  return { "X-Sluice-Session": id, traceparent: trace.traceparent };
}

/** `?audio=0` and `?video=0`; a sentence where they say something else. */
function readSelection(query: URLSearchParams): Selection | string {
  const wanted = { video: true, audio: true };
  for (const kind of ["video", "audio"] as const) {
    const value = query.get(kind) ?? "1";
    if (value !== "0" && value !== "1") return `\`${kind}\` must be 0 or 1.`;
    wanted[kind] = value === "1";
  }
  return wanted.video || wanted.audio ? wanted : "`video=0` and `audio=0` together leave nothing to play.";
}

/** What was sent once: the header of a trace that was sent twice belongs to neither. */
function single(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function first(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === "string" || value === undefined ? value : value[0];
}

/** A signal that fires with either, until it is released. (`AbortSignal.any` would leave its listeners behind.) */
function anySignal(a: AbortSignal, b: AbortSignal): { readonly signal: AbortSignal; release(): void } {
  const both = new AbortController();
  const onA = (): void => both.abort(a.reason);
  const onB = (): void => both.abort(b.reason);
  if (a.aborted) onA();
  if (b.aborted) onB();
  a.addEventListener("abort", onA);
  b.addEventListener("abort", onB);
  return {
    signal: both.signal,
    release() {
      a.removeEventListener("abort", onA);
      b.removeEventListener("abort", onB);
    },
  };
}

import type { Scheduler } from "../../hub/scheduler.js";
import type { Exchange } from "../contract/exchange.js";
import type { Logger } from "../contract/logger.js";
import { createEventFeed } from "../events/event-feed.js";
import type { EventLogName, EventLogs } from "../events/logs.js";
import { visibleStream } from "../events/shown.js";
import { CORS_HEADERS } from "../net/problem.js";
import type { Admin } from "./admin.js";
import { refuse } from "./answer.js";
import { type ApiInit, createApi } from "./api.js";
import { openApiDocument } from "./openapi.js";
import { createOperations, type Operation } from "./operations.js";
import { type ApiToken, eventCookie } from "./token.js";

export interface ServerApiInit {
  readonly admin: Admin;
  readonly logs: EventLogs;
  /** Where another process has the events: asks it for them, or for no more. */
  readonly follow: ((log: EventLogName, wanted: boolean) => Promise<void>) | undefined;
  readonly token: ApiToken;
  readonly scheduler: Scheduler;
  readonly log: Logger;
  readonly version: string;
  readonly listStreams: boolean;
  readonly publicStreams: (exchange: Exchange) => void;
  readonly reports: (exchange: Exchange) => void;
  readonly snapshot: (exchange: Exchange, key: string) => Promise<void>;
  readonly onAnswered: ApiInit["onAnswered"];
}

/** The API of a server: a route, and what it keeps open. */
export interface ServerApi {
  readonly route: (exchange: Exchange) => boolean;
  /** Ends the readers of events. */
  close(): void;
}

/** A console or two for each operator; and pages that show what is live. */
const MAX_ADMIN_READERS = 100;
const MAX_PUBLIC_READERS = 1_000;
const EVENT_HEADERS = {
  "Content-Type": "text/event-stream",
  "Cache-Control": "no-store",
  // nginx would gather a buffer full before it passed anything on.
  "X-Accel-Buffering": "no",
  "X-Content-Type-Options": "nosniff",
};

export function createServerApi(init: ServerApiInit): ServerApi {
  const { admin, logs, follow, token, scheduler, log } = init;
  const source = (name: EventLogName) =>
    follow === undefined ? undefined : (wanted: boolean): Promise<void> => follow(name, wanted);
  const events = createEventFeed({
    log: logs.admin,
    scheduler,
    maxReaders: MAX_ADMIN_READERS,
    headers: EVENT_HEADERS,
    source: source("admin"),
    refuse,
  });
  const publicEvents = createEventFeed({
    log: logs.visible,
    scheduler,
    maxReaders: MAX_PUBLIC_READERS,
    headers: { ...CORS_HEADERS, ...EVENT_HEADERS },
    source: source("visible"),
    refuse: (exchange, status, error, message) => refuse(exchange, status, error, message, CORS_HEADERS),
    async snapshot() {
      const streams = await admin.streams();
      return { streams: streams.filter(({ live }) => live).map(visibleStream) };
    },
  });
  const operations: readonly Operation[] = createOperations({
    admin,
    events,
    publicEvents,
    publicStreams: init.publicStreams,
    reports: init.reports,
    snapshot: init.snapshot,
    cookie: () => eventCookie(token, scheduler.wall() / 1_000_000),
    document: () => openApiDocument(operations, init.version),
    version: init.version,
    startedAt: scheduler.wall(),
    listStreams: init.listStreams,
  });
  return {
    route: createApi({ operations, token, scheduler, log, onAnswered: init.onAnswered }),
    close() {
      events.close();
      publicEvents.close();
    },
  };
}

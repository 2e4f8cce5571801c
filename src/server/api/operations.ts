import type { z } from "zod";
import type { Exchange } from "../contract/exchange.js";
import type { SessionInfo } from "../contract/session.js";
import type { EventFeed } from "../events/event-feed.js";
import { isoTime, shownSession, shownStream } from "../events/shown.js";
import { replyOptions, replyProblem } from "../net/problem.js";
import { parseStreamKey } from "../net/stream-name.js";
import type { Admin } from "./admin.js";
import { refuse, replyJson } from "./answer.js";
import {
  publicStreamsSchema,
  sessionQuerySchema,
  sessionsSchema,
  streamDetailSchema,
  streamsSchema,
  versionSchema,
} from "./schemas.js";

/** One thing that the API does: what the router and the OpenAPI document are made of. */
export interface Operation {
  readonly id: string;
  readonly method: "GET" | "POST" | "DELETE";
  /** As OpenAPI writes it, such as `/api/v1/sessions/{id}`; it is the route's name in metrics too. */
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  /** `events` is `token`, or the cookie for browsers. */
  readonly access: "everybody" | "token" | "events";
  readonly query?: z.ZodObject;
  /** What is sent, in words, where something is. */
  readonly body?: string;
  /** What 200 says; absent where it says nothing. */
  readonly answer?: z.ZodType | "text/event-stream" | "image/jpeg";
  /** What 202 says, where it is answered. */
  readonly accepted?: string;
  /** Statuses other than 200 (or 204 without an answer), and what they mean. */
  readonly problems?: Readonly<Record<number, string>>;
  /** @param params what stands in the path's places */
  run(exchange: Exchange, params: readonly string[]): Promise<void> | void;
}

export interface OperationsInit {
  readonly admin: Admin;
  readonly events: EventFeed;
  readonly publicEvents: EventFeed;
  /** Answers `/api/v1/public/streams`. */
  readonly publicStreams: (exchange: Exchange) => void;
  /** Answers `/api/v1/reports`. */
  readonly reports: (exchange: Exchange) => void;
  /** Answers with a stream's picture. @param key such as `live/room` */
  readonly snapshot: (exchange: Exchange, key: string) => Promise<void>;
  /** A `Set-Cookie` for who may read the events. */
  readonly cookie: () => string;
  readonly document: () => object;
  readonly version: string;
  /** Microseconds since the Unix epoch. */
  readonly startedAt: number;
  /** Whether everybody may see which streams are live. */
  readonly listStreams: boolean;
}

const READING = "GET, HEAD, OPTIONS";
const LATE = { 503: "The other processes did not answer in time." };

export function createOperations(init: OperationsInit): readonly Operation[] {
  const { admin, events, publicEvents } = init;
  const forEverybody: readonly Operation[] = [
    {
      id: "listPublicStreams",
      method: "GET",
      path: "/api/v1/public/streams",
      summary: "What is live now",
      access: "everybody",
      answer: publicStreamsSchema,
      problems: LATE,
      run: init.publicStreams,
    },
    {
      id: "followPublicStreams",
      method: "GET",
      path: "/api/v1/public/events",
      summary: "What goes live and ends",
      description: "First `streams`, the list; then `stream-begun`, `stream-changed` and `stream-ended`.",
      access: "everybody",
      answer: "text/event-stream",
      problems: { 503: "There are too many readers." },
      run(exchange) {
        const { method } = exchange;
        if (method === "OPTIONS") replyOptions(exchange, READING);
        else if (method === "GET" || method === "HEAD") publicEvents.serve(exchange);
        else replyProblem(exchange, 405, "method", `Only ${READING} are answered here.`, { Allow: READING });
      },
    },
  ];
  return [
    ...(init.listStreams ? forEverybody : []),
    {
      id: "report",
      method: "POST",
      path: "/api/v1/reports",
      summary: "How a viewer's player fares",
      access: "everybody",
      body: "A JSON object with CMCD's keys (CTA-5004-B) and `sluice-` keys: docs/player.md has them.",
      accepted: "It was passed on to the process that has the session, if that is there.",
      problems: {
        400: "The report cannot be read.",
        404: "No session of this `sid` plays here.",
        413: "It is too large.",
        429: "Too many, of this session or from this address.",
      },
      run: init.reports,
    },
    {
      id: "listStreams",
      method: "GET",
      path: "/api/v1/streams",
      summary: "All streams, also those that wait for their publisher to come back",
      access: "token",
      answer: streamsSchema,
      problems: LATE,
      async run(exchange) {
        replyJson(exchange, 200, { streams: (await admin.streams()).map(shownStream) });
      },
    },
    {
      // Before `getStream`, whose app may hold slashes.
      id: "getSnapshot",
      method: "GET",
      path: "/api/v1/streams/{app}/{name}/snapshot.jpg",
      summary: "A live stream's last key frame as a picture",
      description:
        "At most one a second for each stream. `ETag` and `If-None-Match` tell whether it is a new one.",
      access: "token",
      answer: "image/jpeg",
      problems: {
        404: "Nobody publishes the stream, or it has no picture.",
        503: "Too many are being made, no key frame has come yet, or FFmpeg is not installed.",
      },
      run: (exchange, [app = "", name = ""]) => init.snapshot(exchange, `${app}/${name}`),
    },
    {
      id: "getStream",
      method: "GET",
      path: "/api/v1/streams/{app}/{name}",
      summary: "One stream and who publishes it",
      description: "An app may hold slashes, percent-encoded or not.",
      access: "token",
      answer: streamDetailSchema,
      problems: { 404: "There is no such stream.", ...LATE },
      async run(exchange, [app = "", name = ""]) {
        const key = `${app}/${name}`;
        const stream =
          parseStreamKey(key) && (await admin.streams()).find((candidate) => candidate.key === key);
        if (stream === undefined) {
          refuse(exchange, 404, "not-found", `There is no stream ${key}.`);
          return;
        }
        const { sessions } = await admin.sessions({ app, name, action: "publish", limit: 1 });
        const [publisher] = sessions;
        replyJson(exchange, 200, {
          ...shownStream(stream),
          publisher: publisher === undefined ? null : listedSession(publisher),
        });
      },
    },
    {
      id: "listSessions",
      method: "GET",
      path: "/api/v1/sessions",
      summary: "Connections with their counters, the longest there first",
      access: "token",
      query: sessionQuerySchema,
      answer: sessionsSchema,
      problems: { 400: "A query is wrong.", ...LATE },
      async run(exchange) {
        const query = sessionQuerySchema.safeParse(Object.fromEntries(exchange.query));
        if (!query.success) {
          const { path, message } = query.error.issues[0] ?? { path: [], message: "it is wrong" };
          refuse(exchange, 400, "query", `Query ${path.join(".")}: ${message}.`);
          return;
        }
        const { total, sessions } = await admin.sessions(query.data);
        replyJson(exchange, 200, { total, sessions: sessions.map(listedSession) });
      },
    },
    {
      id: "endSession",
      method: "DELETE",
      path: "/api/v1/sessions/{id}",
      summary: "Ends a connection, as `kicked`",
      access: "token",
      problems: { 404: "There is no such session.", ...LATE },
      async run(exchange, [id = ""]) {
        if (await admin.kick(id)) exchange.reply(204, { "Cache-Control": "no-store" });
        else refuse(exchange, 404, "not-found", "There is no session of this id.");
      },
    },
    {
      id: "followEvents",
      method: "GET",
      path: "/api/v1/events",
      summary: "What happens, as it happens",
      description:
        "Server-sent events with ids. `Last-Event-ID` goes on after that one; `gap` says that some in between are lost.",
      access: "events",
      answer: "text/event-stream",
      problems: { 503: "There are too many readers." },
      run: (exchange) => events.serve(exchange),
    },
    {
      id: "openEvents",
      method: "POST",
      path: "/api/v1/events/cookie",
      summary: "A cookie for the events, for a browser's EventSource",
      description: "EventSource sends no headers, and what stands in an address stands in logs.",
      access: "token",
      run: (exchange) => exchange.reply(204, { "Set-Cookie": init.cookie(), "Cache-Control": "no-store" }),
    },
    {
      id: "getVersion",
      method: "GET",
      path: "/api/v1/version",
      summary: "What is running",
      access: "token",
      answer: versionSchema,
      run(exchange) {
        const { version, startedAt } = init;
        replyJson(exchange, 200, { version, node: process.versions.node, startedAt: isoTime(startedAt) });
      },
    },
    {
      id: "getDocument",
      method: "GET",
      path: "/api/v1/openapi.json",
      summary: "This document",
      access: "token",
      run: (exchange) => replyJson(exchange, 200, init.document()),
    },
  ];
}

function listedSession(session: SessionInfo): object {
  const { report } = session;
  if (report === undefined) return shownSession(session);
  return { ...shownSession(session), report: { ...report, receivedAt: isoTime(report.receivedAt) } };
}

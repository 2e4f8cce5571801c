import type { IncomingMessage } from "node:http";
import { availableParallelism } from "node:os";
import type { Duplex } from "node:stream";
import type { z } from "zod";
import { createEmitter } from "../hub/emitter.js";
import { readPackets } from "../hub/packet-reader.js";
import { Refused } from "../hub/refused.js";
import type { Drop } from "../hub/sink.js";
import type { Packet } from "../media/model/packet.js";
import type { Track } from "../media/model/track.js";
import { createApp, serverSchema } from "./app.js";
import { deferPublisher } from "./cluster/deferred-publisher.js";
import type { DirectoryListener } from "./cluster/directory.js";
import type { LinkInit } from "./cluster/link.js";
import { createPrimary, type Primary } from "./cluster/primary.js";
import { checkOptions } from "./config/check.js";
import type { Authorize } from "./contract/access.js";
import type { Logger } from "./contract/logger.js";
import type { Endpoint } from "./contract/protocol.js";
import type { QualityChange, SessionInfo, SessionReason } from "./contract/session.js";
import type { AttachOptions, HostServer } from "./net/http-entry.js";
import type { HttpRequest, HttpResponse } from "./net/http-exchange.js";
import { parseStreamKey, type StreamName, streamKey } from "./net/stream-name.js";
import { tracedPublication } from "./observe/trace/publication.js";
import { snapshot } from "./sessions.js";
import { type StreamInfo, streamInfo } from "./stream-info.js";
import { createStreamWriter, requireTracks, type StreamWriter } from "./writer.js";

export type { RefusalCode } from "../hub/refused.js";
export type { Metadata, Packet } from "../media/model/packet.js";
export type { AudioTrack, DataTrack, Track, VideoTrack } from "../media/model/track.js";
export type { AccessAnswer, AccessRequest, Authorize } from "./contract/access.js";
export type { Logger } from "./contract/logger.js";
export type { Endpoint } from "./contract/protocol.js";
export { PullError } from "./contract/pull.js";
export type { PlayerState as ReportedState, QualityReport } from "./contract/quality.js";
export type { SessionCounters, SessionInfo, SessionReason } from "./contract/session.js";
export type { AttachOptions, HostServer } from "./net/http-entry.js";
export type { HttpRequest, HttpResponse } from "./net/http-exchange.js";
export type { StreamInfo } from "./stream-info.js";
export type { PacketInit, StreamWriter } from "./writer.js";
export { Refused };

type Config = z.input<typeof serverSchema>;

/** Every key has a default; docs/configuration.md lists them. */
export interface ServerOptions extends Omit<Config, "http" | "rtmp" | "ops"> {
  /** `false` opens no HTTP port: for `attach`, `handler` and `fetch`. */
  readonly http?: Config["http"] | false;
  /** `false` opens no RTMP port. */
  readonly rtmp?: Config["rtmp"] | false;
  /** `false` opens no operations port, and counts nothing for its metrics. */
  readonly ops?: Config["ops"] | false;
  /** Asked before anybody may publish or play. Without it everybody may. */
  readonly authorize?: Authorize | undefined;
  /** A pino logger or one of its shape; `false` for silence. By default JSON lines go to standard output. */
  readonly logger?: Logger | false | undefined;
}

/** What a LiveServer tells whoever listens. */
export interface LiveEvents {
  /** A publisher was let in; its tracks are not known yet. */
  publish: StreamInfo;
  /** A stream's tracks were announced or have changed: viewers can join. */
  tracks: StreamInfo;
  /** A publisher has gone. */
  unpublish: StreamInfo & { readonly reason: string };
  /** A viewer was let in. */
  play: SessionInfo;
  /** A viewer has gone; its counters are final. */
  stop: SessionInfo & { readonly reason: SessionReason };
}

/** Where a server listens. */
export interface Endpoints {
  /** Undefined where `rtmp`, `http` or `ops` is `false`. */
  readonly rtmp: Endpoint | undefined;
  readonly http: Endpoint | undefined;
  readonly ops: Endpoint | undefined;
}

/** How `subscribe` reads. */
export interface SubscribeOptions {
  /** Ends the iteration, without an error. */
  readonly signal?: AbortSignal;
  /** How long to wait for the publisher, milliseconds; `waitForPublisherMs` by default. */
  readonly waitMs?: number;
  /** Whether to read the picture, and the sound; both by default. */
  readonly video?: boolean;
  readonly audio?: boolean;
}

/** How `playFile` plays. */
export interface PlayFileOptions {
  /** Begins anew at the end of the file, with timestamps that go on. */
  readonly loop?: boolean;
  /** Ends it, without an error. */
  readonly signal?: AbortSignal;
}

/** How `pull` fetches. */
export interface PullOptions {
  /** Whether media comes in the RTSP connection (`tcp`, the default) or in datagrams beside it (`udp`). */
  readonly transport?: "tcp" | "udp";
  /** Ends it, without an error. */
  readonly signal?: AbortSignal;
}

/** A live streaming server. Its functions need no `this`: they can be handed to a framework as they are. */
export interface LiveServer {
  /**
   * Opens the ports. A server that could not is closed.
   *
   * @throws what the listen call failed with, such as EADDRINUSE
   */
  listen(): Promise<Endpoints>;
  /** Ends all publishers and viewers in order, and settles when every socket, timer and listener is released. Idempotent. */
  close(): Promise<void>;
  /** Adds a listener and returns its removal. */
  on<K extends keyof LiveEvents>(event: K, listener: (event: LiveEvents[K]) => void): () => void;
  /** The streams there are now. */
  streams(): readonly StreamInfo[];
  /**
   * Publishes a stream from code.
   *
   * @param name such as `live/room`
   * With `workers` the others are asked first: what is written waits meanwhile, and where one of them has the stream and
   * keeps it, the writer's signal fires with `busy`.
   *
   * @throws Refused `busy` while another publisher has it; TypeError for wrong arguments
   */
  publish(name: string, tracks: readonly Track[]): StreamWriter;
  /**
   * The packets of a stream: the cached group of pictures first, then as they come. It begins with the first `next`,
   * and is over when the stream is. Who reads too slowly skips to a key frame.
   *
   * @param name such as `live/room`
   * @throws Refused `not-live` when no publisher came in time, `no-tracks` when it has none that was asked for
   */
  subscribe(name: string, options?: SubscribeOptions): AsyncGenerator<Packet, void, undefined>;
  /**
   * Publishes an FLV file in real time. Settles at its end, or when the signal fires or the stream is ended.
   *
   * @param name such as `live/room`
   */
  playFile(file: string, name: string, options?: PlayFileOptions): Promise<void>;
  /**
   * Fetches an RTSP source, such as a camera, and publishes it; when it is lost, again, after a pause that grows. Settles
   * when the signal fires, when somebody has ended its stream, or when the server is closed.
   *
   * @param url such as `rtsp://user:password@host/path`; user and password are not logged
   * @param name such as `live/cam`
   * @throws PullError when the source lets nobody in, or has nothing to publish; TypeError for wrong arguments
   */
  pull(url: string, name: string, options?: PullOptions): Promise<void>;
  /**
   * Takes what is ours out of what an HTTP, HTTPS or HTTP/2 server is asked for, WebSocket handshakes included, and
   * leaves the rest to its other listeners. Without a prefix these keep `/` and every MP4 file that is no live stream.
   *
   * @returns undoes it
   */
  attach(server: HostServer, options?: AttachOptions): () => void;
  /** A request listener, or middleware: with `next` it hands on what is not ours, without it answers 404. */
  handler(request: HttpRequest, response: HttpResponse, next?: () => void): void;
  /** The listener for `upgrade`, beside `handler`. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Answers a Fetch API request: for Hono and its like. Without WebSocket, and not for many viewers. */
  fetch(request: Request): Promise<Response>;
}

/**
 * Makes a server; `listen` opens its ports.
 *
 * @throws TypeError that names every option that is wrong, its value and what is allowed
 */
export function createServer(options: ServerOptions = {}): LiveServer {
  if (typeof options !== "object" || options === null) throw new TypeError("options: must be an object");
  const { authorize, logger, http = {}, rtmp = {}, ops = {}, ...rest } = options;
  if (authorize !== undefined && typeof authorize !== "function") {
    throw new TypeError("options.authorize: must be a function");
  }
  if (logger !== undefined && logger !== false) requireLogger(logger);
  const config = checkOptions(serverSchema, {
    ...rest,
    http: http === false ? {} : http,
    rtmp: rtmp === false ? {} : rtmp,
    ops: ops === false ? {} : ops,
  });

  const events = createEmitter<LiveEvents>((error) => app.log.error({ err: error }, "a listener failed"));
  const told: DirectoryListener = {
    publish(stream) {
      app.teller.streamBegun(stream);
      events.emit("publish", stream);
    },
    tracks(stream) {
      app.teller.streamTracks(stream);
      events.emit("tracks", stream);
    },
    unpublish(stream, reason) {
      app.teller.streamEnded(stream, reason);
      events.emit("unpublish", { ...stream, reason });
    },
  };
  const onBegin = (session: SessionInfo): void => {
    app.teller.sessionBegun(session);
    if (session.action === "play") events.emit("play", snapshot(session));
  };
  const onDrop = (session: SessionInfo, drop: Drop): void => app.teller.dropped(session, drop);
  const onQuality = (session: SessionInfo, { name, from, to, cause }: QualityChange): void =>
    app.teller.quality({ session: session.id, app: session.app ?? "", name, from, to, cause });
  const onEnd = (session: SessionInfo, reason: SessionReason): void => {
    app.teller.sessionEnded(session, reason);
    if (session.action === "play") events.emit("stop", { ...snapshot(session), reason });
  };
  const ports = { http: http !== false, rtmp: rtmp !== false, ops: ops !== false };
  const workers = config.workers === "auto" ? availableParallelism() : config.workers;
  let primary: Primary | undefined;
  const app = createApp({
    config,
    ports: workers > 1 ? { http: false, rtmp: false, ops: ports.ops } : ports,
    authorize,
    logger: logger === false ? SILENT : logger,
    onBegin,
    onEnd,
    onDrop,
    onQuality,
    process: ports.ops ? "main" : undefined,
    ...(workers > 1 && {
      link(init: LinkInit) {
        primary = createPrimary({
          ...init,
          config,
          workers,
          doors: (["http", "rtmp"] as const).filter((door) => ports[door]),
          authorizes: authorize !== undefined,
          // Another logger has its own levels.
          level: logger === false ? "silent" : logger === undefined ? config.log.level : "debug",
          streams: told,
          onBegin,
          onEnd,
          onDrop,
          onQuality,
          counts: ports.ops,
        });
        return primary;
      },
    }),
  });
  const { hub, scheduler, entry, tracer } = app;
  if (primary === undefined) {
    hub.on("publish", ({ stream }) => told.publish(streamInfo(stream)));
    hub.on("tracks", ({ stream }) => told.tracks(streamInfo(stream)));
    hub.on("unpublish", ({ stream, reason }) => told.unpublish(streamInfo(stream), reason));
  }

  /** In this process nobody is served, so what comes in to it would be seen by nobody else. */
  function requireAlone(method: string): void {
    if (config.workers !== 1) {
      throw new TypeError(
        `${method}: is for one process; options.workers is ${JSON.stringify(config.workers)}. Use the server's own ports, or workers: 1.`,
      );
    }
  }

  return {
    async listen() {
      const endpoints = await app.listen();
      const of = (protocol: string): Endpoint | undefined =>
        endpoints.find((endpoint) => endpoint.protocol === protocol);
      return { rtmp: of("rtmp"), http: of("http"), ops: of("ops") };
    },
    close: app.close,
    on(event, listener) {
      if (!EVENTS.includes(event)) throw new TypeError(`event: must be one of ${EVENTS.join(", ")}`);
      if (typeof listener !== "function") throw new TypeError("listener: must be a function");
      return events.on(event, listener);
    },
    streams: () =>
      primary?.streams.map((stream) => {
        // Who reads in this process has no session.
        const viewers = stream.viewers + (hub.stream(stream.key)?.viewers ?? 0);
        return { ...stream, viewers };
      }) ?? hub.streams.map(streamInfo),
    publish(name, tracks) {
      const key = streamKey(requireName(name));
      requireTracks("tracks", tracks);
      const ended = new AbortController();
      const onEnd = (reason: string): void => ended.abort(reason);
      const init = tracedPublication(tracer, key, "code", { onEnd });
      const publisher =
        primary === undefined
          ? hub.publish(key, init)
          : deferPublisher(app.publish(key, init), (reason, error) => {
              app.log.warn({ name: key, reason, err: error }, "publishing from code was refused");
              onEnd(reason);
            });
      return createStreamWriter(publisher, tracks, scheduler, ended.signal, key, app.probe);
    },
    subscribe(name, given = {}) {
      const key = streamKey(requireName(name));
      return subscribe(key, given);
    },
    async playFile(file, name, { loop = false, signal } = {}) {
      if (typeof file !== "string") throw new TypeError("file: must be a path");
      const key = streamKey(requireName(name));
      const aborted = (): boolean => signal?.aborted === true;
      if (aborted()) return;
      const ended = new AbortController();
      const init = tracedPublication(tracer, key, "file", { onEnd: (reason) => ended.abort(reason) });
      const publisher = await app.publish(key, init);
      const stop = (): void => publisher.end("aborted");
      signal?.addEventListener("abort", stop);
      // It may have fired while the name was being asked for.
      if (aborted()) stop();
      try {
        const { probe } = app;
        await app.pullFile({ file, loop, signal: ended.signal, publisher, scheduler, name: key, probe });
      } finally {
        signal?.removeEventListener("abort", stop);
        publisher.end("unpublished");
      }
    },
    async pull(url, name, { transport = "tcp", signal } = {}) {
      if (typeof url !== "string") throw new TypeError("url: must be an address such as rtsp://host/path");
      if (transport !== "tcp" && transport !== "udp") {
        throw new TypeError("options.transport: must be tcp or udp");
      }
      await app.pull({ url, place: requireName(name), transport, signal });
    },
    attach(server, given = {}) {
      requireAlone("attach");
      if (typeof server?.emit !== "function" || typeof server.on !== "function") {
        throw new TypeError("server: must be an HTTP server");
      }
      const { prefix = "" } = given;
      if (prefix !== "" && !/^(\/[^/?#]+)+$/.test(prefix)) {
        throw new TypeError("options.prefix: must be a path such as /media, without a slash at its end");
      }
      return entry.attach(server, { prefix });
    },
    handler(request, response, next) {
      requireAlone("handler");
      entry.request(request, response, next);
    },
    upgrade(request, socket, head) {
      requireAlone("upgrade");
      entry.upgrade(request, socket, head);
    },
    async fetch(request) {
      requireAlone("fetch");
      return entry.fetch(request);
    },
  };

  async function* subscribe(
    key: string,
    { signal, waitMs = config.waitForPublisherMs, video = true, audio = true }: SubscribeOptions,
  ): AsyncGenerator<Packet, void, undefined> {
    const stream = await hub.whenLive(key, waitMs, signal);
    if (signal?.aborted === true) return;
    if (stream === undefined) throw new Refused("not-live", `${key} is not being published`);
    const selection = { video, audio };
    const reader = readPackets((sink) => stream.subscribe({ format: undefined, selection, sink }), signal);
    yield* reader;
    const { reason } = reader;
    if (reason === "too-slow" || reason === "internal") throw new Error(`${key}: reading ended: ${reason}`);
  }
}

const EVENTS: readonly string[] = [
  "publish",
  "tracks",
  "unpublish",
  "play",
  "stop",
] satisfies (keyof LiveEvents)[];

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => SILENT };

function requireName(name: unknown): StreamName {
  const parsed = typeof name === "string" ? parseStreamKey(name) : undefined;
  if (parsed === undefined) {
    throw new TypeError(
      `name: must be an app and a stream name, such as live/room, not ${JSON.stringify(name)}`,
    );
  }
  return parsed;
}

function requireLogger(logger: object): void {
  for (const method of ["debug", "info", "warn", "error", "child"]) {
    if (typeof (logger as Record<string, unknown>)[method] !== "function") {
      throw new TypeError(`options.logger: must have ${method}()`);
    }
  }
}

import { randomBytes, randomUUID } from "node:crypto";
import type { Socket } from "node:net";
import { pino } from "pino";
import { z } from "zod";
import { type Elsewhere, Hub } from "../hub/hub.js";
import type { Publisher, PublisherInit } from "../hub/publisher.js";
import type { Scheduler } from "../hub/scheduler.js";
import type { Drop } from "../hub/sink.js";
import { type WorkProbe, worked } from "../hub/work.js";
import { createAuthorizer } from "./access/authorize.js";
import type { Admin } from "./api/admin.js";
import { apiSchema } from "./api/options.js";
import { createPublicStreams } from "./api/public-streams.js";
import { createReports, REPORTS_PATH } from "./api/reports.js";
import { createServerApi } from "./api/server-api.js";
import { createSnapshots } from "./api/snapshots.js";
import { type ApiToken, chooseToken } from "./api/token.js";
import type { Link, LinkInit, OwnSessions } from "./cluster/link.js";
import { coreShape } from "./config/core.js";
import { refuseHeavyCodecs } from "./config/renditions.js";
import type { Authorize } from "./contract/access.js";
import type { Exchange } from "./contract/exchange.js";
import type { Logger } from "./contract/logger.js";
import type { Endpoint, Protocol, ProtocolContext } from "./contract/protocol.js";
import type { QualityChange, SessionInfo, SessionReason } from "./contract/session.js";
import type { Tracer } from "./contract/trace.js";
import { createEventLogs, type EventLogs } from "./events/logs.js";
import { createTeller, type Teller } from "./events/teller.js";
import { createLadder, LADDER_PAGE_HEADERS } from "./ladder.js";
import { lazyKeyFrames } from "./lazy-key-frames.js";
import { createHttpEntry, type HttpEntry } from "./net/http-entry.js";
import { createHttpServer } from "./net/http-server.js";
import { type ClosableKernelQueues, createKernelQueues } from "./net/kernel-queues.js";
import { createNodeScheduler } from "./net/node-scheduler.js";
import { parseStreamPath, streamKey } from "./net/stream-name.js";
import { driftFamilies } from "./observe/drift-families.js";
import type { Family } from "./observe/family.js";
import { createFigures } from "./observe/figures.js";
import { healthRoutes } from "./observe/health.js";
import { createInstruments, type Instruments } from "./observe/instruments.js";
import { createMetrics } from "./observe/metrics.js";
import { createOpsServer, type OpsRoutes } from "./observe/ops-server.js";
import { opsSchema } from "./observe/options.js";
import { tracedAuthorize } from "./observe/trace/authorize.js";
import { readOtlpSettings } from "./observe/trace/otlp-settings.js";
import { createTracing } from "./observe/trace/tracing.js";
import { work } from "./observe/work-labels.js";
import { createPages, defaultWebDirectory } from "./pages.js";
import { pullFile } from "./protocol/file/pull.js";
import { createFlvProtocol } from "./protocol/flv/index.js";
import { flvSchema } from "./protocol/flv/options.js";
import { createMp4Protocol } from "./protocol/mp4/index.js";
import { createRtmpProtocol } from "./protocol/rtmp/index.js";
import { rtmpSchema } from "./protocol/rtmp/options.js";
import { createRtspProtocol, type RtspProtocol } from "./protocol/rtsp/index.js";
import { pullSchema } from "./protocol/rtsp/options.js";
import { playerView } from "./qos/player-view.js";
import { createReportBatch } from "./qos/report-batch.js";
import { createReportDesk, type ReportDesk } from "./qos/report-desk.js";
import { createServedViewers } from "./qos/served-viewers.js";
import { createMaker } from "./renditions/maker.js";
import { createMover } from "./renditions/mover.js";
import { processOf, sessionIds } from "./session-id.js";
import { selectSessions } from "./session-list.js";
import { createSessions } from "./sessions.js";
import { streamInfo } from "./stream-info.js";
import { version } from "./version.js";

/** All that can be configured in a file, by variables and by flags. */
export const serverSchema = z
  .strictObject({
    ...coreShape,
    pull: pullSchema,
    api: apiSchema,
    ops: opsSchema,
    rtmp: rtmpSchema,
    flv: flvSchema,
  })
  .superRefine(refuseHeavyCodecs);

export type ServerConfig = z.output<typeof serverSchema>;

export interface AppInit {
  readonly config: ServerConfig;
  /** Whether to open the HTTP port, the RTMP port, and the operations port. */
  readonly ports: { readonly http: boolean; readonly rtmp: boolean; readonly ops: boolean };
  /** Opens none: connections come through `adopt`. Where the HTTP server listens for itself alone. */
  readonly handedOver?: string;
  /** `config.authorizeTimeoutMs` by default. */
  readonly authorizeTimeoutMs?: number;
  /** Makes the link to the other processes of this server, where there are any. */
  readonly link?: (init: LinkInit) => Link;
  readonly authorize: Authorize | undefined;
  /** Undefined for JSON lines on standard output. */
  readonly logger: Logger | undefined;
  readonly onBegin: (session: SessionInfo) => void;
  readonly onEnd: (session: SessionInfo, reason: SessionReason) => void;
  /** At most once a second for a session. */
  readonly onDrop: (session: SessionInfo, drop: Drop) => void;
  /** @param from the stream that it played before */
  readonly onQuality: (session: SessionInfo, change: QualityChange, from: string) => void;
  /** Who asks the kernel; this process by default. */
  readonly kernelQueues?: ClosableKernelQueues;
  /** What the API takes; from the configuration where it is absent. */
  readonly token?: ApiToken;
  /** What this process is called in metrics; undefined where nothing is counted. */
  readonly process: string | undefined;
}

/** What this process tells of itself, to itself or to its parent. */
export interface Inspect extends OwnSessions {
  gather(streams: readonly string[]): readonly Family[];
}

/** The parts of a server, put together. */
export interface App {
  readonly hub: Hub;
  readonly log: Logger;
  readonly scheduler: Scheduler;
  readonly tracer: Tracer;
  readonly entry: HttpEntry;
  readonly reports: ReportDesk;
  readonly pullFile: typeof pullFile;
  /** Fetches an RTSP source. */
  readonly pull: RtspProtocol["pull"];
  readonly inspect: Inspect;
  readonly events: EventLogs;
  /** Writes what happens into `events`: in the process that knows it all. */
  readonly teller: Teller;
  readonly probe: WorkProbe;
  readonly instruments: Instruments;
  /** Takes a connection that came in on another process's port. */
  adopt(door: "http" | "rtmp", socket: Socket): void;
  /** Takes a name for a publisher, also from the other processes. @throws Refused */
  publish(name: string, init: PublisherInit): Promise<Publisher>;
  /** @throws what a listen call failed with, such as EADDRINUSE; then it has been closed */
  listen(): Promise<readonly Endpoint[]>;
  close(): Promise<void>;
}

/** Idle keep-alive connections count here too; sessions are what `maxConnections` is about. */
const SPARE_HTTP_CONNECTIONS = 1_000;

/** Reports for other processes are gathered for this long. */
const PASS_ON_MS = 500;

/** What a request is, until it has become a viewer. */
const API = work("api", "http");

/** The composition root: the only place that knows every protocol. */
export function createApp(init: AppInit): App {
  const { config, ports } = init;
  const scheduler = createNodeScheduler();
  const probe: WorkProbe = { listener: undefined };
  const log: Logger = init.logger ?? pino({ level: config.log.level, base: null });
  const timeoutMs = init.authorizeTimeoutMs ?? config.authorizeTimeoutMs;
  const tracing = createTracing({
    settings: readOtlpSettings(config.otlp, process.env),
    randomHex: (bytes) => randomBytes(bytes).toString("hex"),
    scheduler,
    log,
  });
  const { tracer } = tracing;
  const authorize = tracedAuthorize(createAuthorizer(init.authorize, timeoutMs, scheduler, log), tracer);
  const token = init.token ?? chooseToken(config.api.token);
  const events = createEventLogs(randomBytes(6).toString("hex"));
  const own: OwnSessions = {
    sessions: (query) => selectSessions(sessions.list(), query),
    kick: (id) => sessions.kick(id),
  };
  const link = init.link?.({ scheduler, log, authorize, events, token, probe, own });
  const figures =
    init.process === undefined
      ? undefined
      : createFigures({
          scheduler,
          process: init.process,
          maxStreams: config.ops.maxStreams,
          sessions: () => sessions.list(),
          streams: () =>
            hub.streams.map(({ name, live, publisher, taken }) => ({
              name,
              published: live && publisher?.relayed === false,
              taken,
            })),
        });
  const { renditions, abr } = config;
  const made = renditions.filter(({ transcode }) => transcode === true);
  // What is made when it is asked for is to the hub as what another process has.
  const elsewhere: Elsewhere | undefined =
    made.length === 0
      ? link?.elsewhere
      : {
          has: (name) => link?.elsewhere.has(name) === true || maker?.can(name) === true,
          want: (name) =>
            link?.elsewhere.has(name) === true ? link.elsewhere.want(name) : maker?.want(name),
        };
  const hub = new Hub(
    {
      ...config,
      duplicate: config.publish,
      moves: abr.switch && renditions.length > 0,
      sameClock: abr.sameClock,
    },
    scheduler,
    (error) => log.error({ err: error }, "a listener or the media path failed"),
    elsewhere,
    figures?.observe,
    probe,
  );
  link?.bind(hub);
  const sessions = createSessions({
    scheduler,
    log,
    tracer,
    maxConnections: config.maxConnections,
    newId: sessionIds(link?.reports?.process),
    onBegin: init.onBegin,
    onEnd(session, reason) {
      reports.ended(session);
      init.onEnd(session, reason);
    },
    onOver: figures?.sessionEnded,
    onFirstFrame: figures?.firstFrame,
  });
  const passing =
    link?.reports && createReportBatch({ scheduler, everyMs: PASS_ON_MS, send: link.reports.passOn });
  const reports = createReportDesk({
    scheduler,
    log,
    maxConnections: config.maxConnections,
    keep: sessions.report,
    find: sessions.get,
    passOn(id, report) {
      const process = processOf(id);
      return process === undefined || process === link?.reports?.process
        ? undefined
        : passing?.add(id, report);
    },
  });
  const kernelQueues = init.kernelQueues ?? createKernelQueues(scheduler);
  const viewers = createServedViewers();
  const publish = async (name: string, publisher: PublisherInit): Promise<Publisher> =>
    link?.publish(name, publisher) ?? hub.publish(name, publisher);
  const { maxEncoders } = abr;
  // Empty counts as not set, as with all of our variables.
  const program = process.env.SLUICE_FFMPEG || "ffmpeg";
  const maker =
    made.length === 0
      ? undefined
      : createMaker({
          hub,
          scheduler,
          log,
          tracer,
          newId: randomUUID,
          renditions: made,
          maxEncoders,
          program,
          hardware: abr.hw,
          publish,
        });
  const mover = hub.options.moves
    ? createMover({ hub, scheduler, log, reports, rule: abr, onChange: init.onQuality })
    : undefined;
  const ladder =
    renditions.length === 0 ? undefined : createLadder({ renditions, isLive: (key) => hub.isLive(key) });
  const instruments = createInstruments({
    hub,
    scheduler,
    probe,
    viewers,
    reports: { latest: (id) => playerView(sessions.get(id)?.report, scheduler.wall()) },
  });
  const context: ProtocolContext = {
    hub,
    scheduler,
    log,
    kernelQueues,
    viewers,
    probe,
    ladder,
    mover,
    openSession: sessions.open,
    talk: reports.talk,
    onDrop: init.onDrop,
    authorize,
    publish,
  };

  const { waitForPublisherMs, maxConnections } = config;
  const rtsp = createRtspProtocol(config.pull, context);
  const protocols: readonly Protocol[] = [
    rtsp,
    createFlvProtocol(config.flv, waitForPublisherMs, context),
    createMp4Protocol(waitForPublisherMs, context),
    ...(ports.rtmp
      ? [createRtmpProtocol({ ...config.rtmp, waitForPublisherMs, maxConnections }, context)]
      : []),
  ];
  const inspect: Inspect = {
    ...own,
    gather: (streams) =>
      figures === undefined
        ? []
        : [...figures.gather(streams), ...driftFamilies(instruments.drifts, streams)],
  };
  const listing = async () => link?.listing() ?? { streams: hub.streams.map(streamInfo), rtmpPort };
  const admin: Admin = {
    streams: async () => (await listing()).streams,
    sessions: async (query) => link?.sessions(query) ?? inspect.sessions(query),
    kick: async (id) => link?.kick(id) ?? inspect.kick(id),
  };
  const pictures = lazyKeyFrames(log);
  const snapshots = createSnapshots({
    hub,
    encode: pictures.jpeg,
    scheduler,
    log,
  });
  hub.on("unpublish", ({ stream }) => snapshots.forget(stream.name));
  const api = createServerApi({
    admin,
    logs: events,
    follow: link?.follow,
    token,
    scheduler,
    log,
    version: version(),
    listStreams: config.listStreams,
    publicStreams: createPublicStreams(listing),
    reports: createReports(reports, log),
    snapshot: snapshots.serve,
    onAnswered: figures?.answered,
  });
  const routes = [
    ...protocols.flatMap(({ http }) => (http === undefined ? [] : [http])),
    api.route,
    createPages(defaultWebDirectory(), ladder && LADDER_PAGE_HEADERS),
  ];
  const entry = createHttpEntry({
    scheduler,
    route: (exchange) => routes.some((route) => route(exchange)),
    oursAmongOthers,
  });
  const httpServer = createHttpServer({
    ...config.http,
    maxConnections: maxConnections + SPARE_HTTP_CONNECTIONS,
    onRequest: (request, response) => worked(probe, API, () => entry.request(request, response)),
    onUpgrade: entry.upgrade,
    onError: (error) => log.error({ err: error }, "HTTP listener failed"),
  });

  /** On a server with other listeners, its own pages and MP4 files stay its own. */
  function oursAmongOthers({ path, websocket, headers }: Exchange): boolean {
    // Players send them as text, which no other API does.
    if (path === REPORTS_PATH) return headers["content-type"]?.toString().startsWith("text/plain") === true;
    if (path.startsWith("/api/v1/public/") || parseStreamPath(path, ".flv") !== undefined) return true;
    const stream = parseStreamPath(path, ".mp4");
    return stream !== undefined && (websocket || hub.stream(streamKey(stream)) !== undefined);
  }

  let ready = false;
  const opsRoutes: OpsRoutes = {
    ...healthRoutes(() => ready && link?.ready !== false),
    "/metrics": createMetrics({
      scheduler,
      version: version(),
      maxStreams: config.ops.maxStreams,
      streams: admin.streams,
      gather: async (streams) => [inspect.gather(streams), ...((await link?.gather(streams)) ?? [])],
    }),
    ...instruments.routes(link?.fellows),
  };
  const ops = ports.ops ? createOpsServer({ ...config.ops, scheduler, log, routes: opsRoutes }) : undefined;

  let rtmpPort: number | undefined;
  let listening: Promise<readonly Endpoint[]> | undefined;
  let closing: Promise<void> | undefined;

  async function listen(): Promise<readonly Endpoint[]> {
    try {
      await tracing.ready();
      // First: whoever probes it sees that it is alive, and not ready.
      const operations = ops && { protocol: "ops", ...(await ops.listen()) };
      const endpoints: Endpoint[] = [...((await link?.listen()) ?? [])];
      if (init.handedOver !== undefined) {
        await httpServer.listenPrivately(init.handedOver);
        return endpoints;
      }
      for (const protocol of protocols) endpoints.push(...((await protocol.listen?.()) ?? []));
      if (ports.http) endpoints.push({ protocol: "http", ...(await httpServer.listen()) });
      if (operations !== undefined) endpoints.push(operations);
      rtmpPort = endpoints.find(({ protocol }) => protocol === "rtmp")?.port;
      for (const endpoint of endpoints) log.info({ ...endpoint }, "listening");
      if (token.random && init.token === undefined)
        log.info({ token: token.token }, "no api.token is set: this one is good from this machine only");
      ready = closing === undefined;
      return endpoints;
    } catch (error) {
      await app.close();
      throw error;
    }
  }

  async function close(): Promise<void> {
    if (ready) {
      ready = false;
      if (config.shutdownDelayMs > 0) {
        await new Promise<void>((resolve) => void scheduler.after(config.shutdownDelayMs, resolve));
      }
    }
    sessions.close();
    hub.close("shutdown");
    api.close();
    snapshots.close();
    mover?.close();
    const released = Promise.all([
      maker?.close(),
      ...protocols.map((protocol) => protocol.close("shutdown")),
      httpServer.close(),
      entry.drained(),
      link?.close(),
      pictures.close(),
    ]);
    const cancel = scheduler.after(config.shutdownTimeoutMs, () => {
      sessions.abort("shutdown");
      entry.destroy();
      httpServer.destroy();
    });
    await released;
    cancel();
    kernelQueues.close();
    passing?.close();
    reports.close();
    instruments.close();
    entry.close();
    await tracing.close();
    figures?.close();
    await ops?.close();
    log.info({}, "closed");
  }

  const app: App = {
    hub,
    log,
    scheduler,
    tracer,
    entry,
    reports,
    pullFile,
    pull: rtsp.pull,
    inspect,
    events,
    teller: createTeller(events.admin, events.visible, scheduler.wall),
    probe,
    instruments,
    publish: context.publish,
    adopt(door, socket) {
      if (door === "http") httpServer.adopt(socket);
      else protocols.find(({ name }) => name === door)?.adopt?.(socket);
    },
    listen() {
      if (closing !== undefined) return Promise.reject(new Error("the server has been closed"));
      listening ??= listen();
      return listening;
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
  return app;
}

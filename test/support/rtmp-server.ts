import { randomBytes, randomUUID } from "node:crypto";
import { Hub } from "../../src/hub/hub.js";
import type { HubOptions } from "../../src/hub/options.js";
import type { Scheduler } from "../../src/hub/scheduler.js";
import { createAuthorizer } from "../../src/server/access/authorize.js";
import type { Authorize } from "../../src/server/contract/access.js";
import type { Logger } from "../../src/server/contract/logger.js";
import type { SessionInfo, SessionReason } from "../../src/server/contract/session.js";
import { createNodeScheduler } from "../../src/server/net/node-scheduler.js";
import { createTracer, type Recorder } from "../../src/server/observe/trace/tracer.js";
import { createRtmpProtocol, type RtmpProtocolOptions } from "../../src/server/protocol/rtmp/index.js";
import { createSessions, type Sessions } from "../../src/server/sessions.js";

/** A line that something logged. */
export interface LogLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A logger that keeps what it is told. */
export function createLogRecorder(lines: LogLine[]): Logger {
  const at = (level: LogLine["level"]) => (fields: object, message: string) => {
    lines.push({ level, message, fields: { ...fields } });
  };
  const log: Logger = {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: () => log,
  };
  return log;
}

export interface RtmpServerInit {
  readonly hub?: Partial<HubOptions>;
  readonly rtmp?: Partial<RtmpProtocolOptions>;
  readonly authorize?: Authorize;
  readonly authorizeTimeoutMs?: number;
  readonly maxConnections?: number;
  /** Takes the spans. */
  readonly recorder?: Recorder;
}

/** The RTMP protocol on a port of its own, with a hub and nothing else around it. */
export interface RtmpTestServer {
  readonly hub: Hub;
  readonly port: number;
  readonly sessions: Sessions;
  readonly lines: readonly LogLine[];
  /** Sessions that have ended, in order, with their reason. */
  readonly ended: readonly { readonly session: SessionInfo; readonly reason: SessionReason }[];
  /** Makes the clock jump; timers keep their pace. */
  skip(ms: number): void;
  url(app: string, name: string): string;
  close(): Promise<void>;
}

export async function startRtmpServer(init: RtmpServerInit = {}): Promise<RtmpTestServer> {
  const real = createNodeScheduler();
  let skippedMicros = 0;
  const scheduler: Scheduler = { ...real, now: () => real.now() + skippedMicros };
  const lines: LogLine[] = [];
  const log = createLogRecorder(lines);
  const hub = new Hub(init.hub ?? {}, scheduler, (error) => log.error({ err: error }, "listener failed"));
  const ended: { session: SessionInfo; reason: SessionReason }[] = [];
  const sessions = createSessions({
    scheduler,
    log: {
      ...log,
      // Sessions that never began are in the log only: the tests want those too.
      info(fields, message) {
        log.info(fields, message);
        const { session: id, reason } = fields as { session: string; reason?: SessionReason };
        if (reason !== undefined)
          ended.push({ session: { ...fields, id } as unknown as SessionInfo, reason });
      },
    },
    tracer: createTracer((bytes) => randomBytes(bytes).toString("hex"), init.recorder),
    maxConnections: init.maxConnections ?? 100,
    newId: randomUUID,
  });
  const protocol = createRtmpProtocol(
    {
      host: "127.0.0.1",
      port: 0,
      handshakeTimeoutMs: 10_000,
      idleTimeoutMs: 30_000,
      waitForPublisherMs: 5_000,
      maxConnections: 1_000,
      ...init.rtmp,
    },
    {
      hub,
      scheduler,
      log,
      viewers: { add: () => () => {} },
      probe: { listener: undefined },
      kernelQueues: { watch: () => () => {} },
      openSession: (session) => sessions.open(session),
      talk: () => () => () => {},
      publish: async (name, init) => hub.publish(name, init),
      authorize: createAuthorizer(init.authorize, init.authorizeTimeoutMs ?? 3_000, scheduler, log),
    },
  );
  const [endpoint] = (await protocol.listen?.()) ?? [];
  if (endpoint === undefined) throw new Error("RTMP does not listen");
  return {
    hub,
    port: endpoint.port,
    sessions,
    lines,
    ended,
    skip: (ms) => {
      skippedMicros += ms * 1000;
    },
    url: (app, name) => `rtmp://127.0.0.1:${endpoint.port}/${app}/${name}`,
    async close() {
      sessions.close();
      hub.close("shutdown");
      await protocol.close("shutdown");
    },
  };
}

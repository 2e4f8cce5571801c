import { randomBytes, randomUUID } from "node:crypto";
import { Hub } from "../../src/hub/hub.js";
import type { HubOptions } from "../../src/hub/options.js";
import type { Packet } from "../../src/media/model/packet.js";
import type { SessionInfo, SessionReason } from "../../src/server/contract/session.js";
import { createNodeScheduler } from "../../src/server/net/node-scheduler.js";
import { createTracer } from "../../src/server/observe/trace/tracer.js";
import { createRtspProtocol, type RtspProtocol } from "../../src/server/protocol/rtsp/index.js";
import type { PullSource } from "../../src/server/protocol/rtsp/options.js";
import type { RtspTiming } from "../../src/server/protocol/rtsp/session.js";
import { createSessions, type Sessions } from "../../src/server/sessions.js";
import { createLogRecorder, type LogLine } from "./rtmp-server.js";

/** The RTSP protocol with a hub, and nothing else around it. */
export interface RtspPuller {
  readonly rtsp: RtspProtocol;
  readonly hub: Hub;
  readonly sessions: Sessions;
  readonly lines: readonly LogLine[];
  /** What was written to the hub, in order. */
  readonly packets: readonly Packet[];
  /** `publish live/cam`, `unpublish live/cam REASON`. */
  readonly events: readonly string[];
  /** Of sessions that have begun, in order. */
  readonly ended: readonly { readonly session: SessionInfo; readonly reason: SessionReason }[];
  close(): Promise<void>;
}

export function createRtspPuller(
  timing: Partial<RtspTiming> = {},
  options: { readonly hub?: Partial<HubOptions>; readonly sources?: readonly PullSource[] } = {},
): RtspPuller {
  const scheduler = createNodeScheduler();
  const lines: LogLine[] = [];
  const log = createLogRecorder(lines);
  const hub = new Hub(options.hub ?? {}, scheduler, (error) => log.error({ err: error }, "listener failed"));
  const events: string[] = [];
  hub.on("publish", ({ stream }) => events.push(`publish ${stream.name}`));
  hub.on("unpublish", ({ stream, reason }) => events.push(`unpublish ${stream.name} ${reason}`));
  const ended: { session: SessionInfo; reason: SessionReason }[] = [];
  const sessions = createSessions({
    scheduler,
    log,
    tracer: createTracer((bytes) => randomBytes(bytes).toString("hex"), undefined),
    maxConnections: 10,
    newId: randomUUID,
    onEnd: (session, reason) => ended.push({ session, reason }),
  });
  const packets: Packet[] = [];
  const rtsp = createRtspProtocol(
    options.sources ?? [],
    {
      hub,
      scheduler,
      log,
      viewers: { add: () => () => {} },
      probe: { listener: undefined },
      kernelQueues: { watch: () => () => {} },
      openSession: (session) => sessions.open(session),
      talk: () => () => () => {},
      async publish(name, init) {
        const publisher = hub.publish(name, init);
        const write = publisher.write.bind(publisher);
        publisher.write = (packet) => {
          packets.push(packet);
          write(packet);
        };
        return publisher;
      },
      authorize: async () => ({ allowed: true }),
    },
    timing,
  );
  return {
    rtsp,
    hub,
    sessions,
    lines,
    packets,
    events,
    ended,
    async close() {
      sessions.close();
      hub.close("shutdown");
      await rtsp.close("shutdown");
    },
  };
}

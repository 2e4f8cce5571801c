import type { Socket } from "node:net";
import type { Cancel } from "../../../hub/scheduler.js";
import type { Endpoint, Protocol, ProtocolContext } from "../../contract/protocol.js";
import { peerAddress } from "../../net/peer.js";
import { createTcpListener } from "../../net/tcp-listener.js";
import type { RtmpOptions } from "./options.js";
import { createRtmpSession, type RtmpSession } from "./session.js";

const SWEEP_MS = 1000;

export interface RtmpProtocolOptions extends RtmpOptions {
  /** How long a player who comes first waits for the publisher, milliseconds. */
  readonly waitForPublisherMs: number;
  readonly maxConnections: number;
}

/** RTMP (Adobe RTMP 1.0, Enhanced RTMP v2): publish and play on one port. */
export function createRtmpProtocol(options: RtmpProtocolOptions, context: ProtocolContext): Protocol {
  const sessions = new Set<RtmpSession>();
  let cancelSweep: Cancel | undefined;
  let closed: Promise<void> | undefined;
  const listener = createTcpListener({
    host: options.host,
    port: options.port,
    maxConnections: options.maxConnections,
    onConnection: open,
    onError: (error) => context.log.error({ err: error }, "RTMP listener failed"),
  });

  function open(socket: Socket): void {
    const record = context.openSession({ protocol: "rtmp", remoteAddress: peerAddress(socket) });
    if (record === undefined || closed !== undefined) {
      record?.end("shutdown");
      socket.destroy();
      return;
    }
    // One timer for all connections: none has its own.
    cancelSweep ??= context.scheduler.every(SWEEP_MS, () => {
      for (const each of sessions) each.sweep();
    });
    const session = createRtmpSession(socket, record, options, context);
    sessions.add(session);
    void session.closed.then(() => sessions.delete(session));
  }

  return {
    name: "rtmp",
    async listen(): Promise<readonly Endpoint[]> {
      const { host, port } = await listener.listen();
      return [{ protocol: "rtmp", host, port }];
    },
    adopt(socket) {
      socket.setNoDelay(true);
      open(socket);
    },
    close(reason) {
      closed ??= (async () => {
        cancelSweep?.();
        const listening = listener.close();
        for (const session of sessions) session.close(reason);
        await listening;
        await Promise.all([...sessions].map((session) => session.closed));
      })();
      return closed;
    },
  };
}

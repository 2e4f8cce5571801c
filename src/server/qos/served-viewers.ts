import type { TcpConnection } from "../contract/kernel-queues.js";
import type { ServedViewer, Viewers } from "../contract/viewers.js";
import { connectionKey } from "../net/socket-rtt.js";
import type { WatchedViewer } from "./collector.js";

/** Viewers that can be gone through. */
export interface ServedViewers extends Viewers {
  [Symbol.iterator](): Iterator<WatchedViewer>;
}

export function createServedViewers(): ServedViewers {
  const viewers = new Set<ServedViewer>();
  return {
    add(viewer) {
      viewers.add(viewer);
      return () => viewers.delete(viewer);
    },
    *[Symbol.iterator]() {
      for (const viewer of viewers) {
        const { id: session, protocol, app = "", name: stream = "" } = viewer.session;
        yield { session, protocol, app, stream, read: () => readViewer(viewer) };
      }
    },
  };
}

function readViewer({ session, outlet, subscriber }: ServedViewer): ReturnType<WatchedViewer["read"]> {
  const { droppedFrames, droppedMs } = session.counters;
  const connection: TcpConnection | undefined = outlet.connection;
  return {
    lagMs: subscriber.lagMs,
    heldMs: subscriber.heldMs,
    offeredFrames: subscriber.offeredFrames,
    droppedFrames,
    droppedMs,
    pingRttMs: outlet.rttMs,
    connection: connection === undefined ? undefined : connectionKey(connection),
  };
}

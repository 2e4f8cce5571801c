import { close, open, read } from "node:fs";
import { isIPv4 } from "node:net";
import type { Scheduler } from "../../hub/scheduler.js";
import type { Subscriber } from "../../hub/subscriber.js";
import type { Outlet } from "../contract/exchange.js";
import type { KernelQueues } from "../contract/kernel-queues.js";
import type { SessionInfo } from "../contract/session.js";
import type { Viewers } from "../contract/viewers.js";
import { createTcpTableReader, tcpTableKey } from "./tcp-table.js";

const PERIOD_MS = 1_000;
/** More than a read of such a table gives: that is a page, of whole lines. */
const READ_BYTES = 16 * 1024;

interface Table {
  readonly path: string;
  /** Whom to tell of a connection's queue, by its line's address columns. */
  readonly watched: Map<string, (bytes: number) => void>;
}

/** A KernelQueues with an end. */
export interface ClosableKernelQueues extends KernelQueues {
  /** Reads no more. */
  close(): void;
}

/**
 * Gives a table's bytes piece by piece, each only borrowed, until its end or until `take` says that it is enough; rejects
 * where there is no such table.
 */
export type ReadTable = (path: string, take: (piece: Buffer) => boolean) => Promise<void>;

export function createKernelQueues(
  scheduler: Scheduler,
  readTable: ReadTable = readPieces,
): ClosableKernelQueues {
  const ipv4: Table = { path: "/proc/net/tcp", watched: new Map() };
  /** Also of IPv4 peers of a socket that listens for both. */
  const ipv6: Table = { path: "/proc/net/tcp6", watched: new Map() };
  let reading = false;
  let closed = false;

  async function look({ path, watched }: Table): Promise<void> {
    // For either the kernel goes through all connections of both.
    if (watched.size === 0) return;
    const read = createTcpTableReader((key, queued) => watched.get(key)?.(queued));
    await readTable(path, (piece) => {
      read(piece);
      return !closed;
    });
  }

  async function readAll(): Promise<void> {
    // Those of a second that takes longer than one are left out: the newest figures are what counts.
    if (reading || ipv4.watched.size + ipv6.watched.size === 0) return;
    reading = true;
    // Not Linux, or not this family: nothing is known of its connections.
    for (const table of [ipv4, ipv6]) await look(table).catch(() => {});
    reading = false;
  }
  const cancel = scheduler.every(PERIOD_MS, () => void readAll());

  return {
    watch(connection, onQueued) {
      const key = tcpTableKey(connection);
      if (key === undefined) return () => {};
      const { watched } = isIPv4(connection.localAddress) ? ipv4 : ipv6;
      watched.set(key, onQueued);
      return () => {
        // The same two ports may be another connection's by now.
        if (watched.get(key) === onQueued) watched.delete(key);
      };
    },
    close() {
      closed = true;
      cancel();
      ipv4.watched.clear();
      ipv6.watched.clear();
    },
  };
}

/**
 * Reads by hand what `readFile` would: of a file whose size the kernel does not tell, that makes a buffer for each page,
 * which took a twentieth of a core for a thousand connections. Each piece is looked at in a turn of its own, and read
 * beside the event loop: the kernel goes through all the empty places of its table, too.
 */
function readPieces(path: string, take: (piece: Buffer) => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    open(path, (error, file) => {
      if (error !== null) {
        reject(error);
        return;
      }
      const buffer = Buffer.allocUnsafe(READ_BYTES);
      const end = (problem: Error | null): void =>
        close(file, () => (problem === null ? resolve() : reject(problem)));
      const next = (): void => read(file, buffer, 0, READ_BYTES, null, taken);
      const taken = (problem: Error | null, length: number): void => {
        if (problem !== null || length === 0 || !take(buffer.subarray(0, length))) end(problem);
        else next();
      };
      next();
    });
  });
}

/** Counts a viewer among those that are served, and has its subscriber told what the kernel holds for it. @returns ends it */
export function watchViewer(
  { kernelQueues, viewers }: { readonly kernelQueues: KernelQueues; readonly viewers: Viewers },
  session: SessionInfo,
  outlet: Pick<Outlet, "connection" | "bytesOut" | "rttMs">,
  subscriber: Subscriber,
): () => void {
  if (subscriber.ended) return () => {};
  const remove = viewers.add({ session, outlet, subscriber });
  const { connection } = outlet;
  if (connection === undefined) return remove;
  const unwatch = kernelQueues.watch(connection, (queued) =>
    subscriber.observe(queued, outlet.bytesOut - queued),
  );
  return () => {
    remove();
    unwatch();
  };
}

import { open } from "node:fs/promises";
import { isIPv4 } from "node:net";
import type { Scheduler } from "../../hub/scheduler.js";
import type { Subscriber } from "../../hub/subscriber.js";
import type { Outlet } from "../contract/exchange.js";
import type { KernelQueues } from "../contract/kernel-queues.js";
import type { SessionInfo } from "../contract/session.js";
import type { Viewers } from "../contract/viewers.js";
import { parseTcpTableLine, tcpTableKey } from "./tcp-table.js";

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

export interface KernelQueuesInit {
  /** Called each time that all has been told that was to be told. */
  readonly onRead?: () => void;
  /** Gives a table's text piece by piece; throws where there is no such table. Linux's own by default. */
  readonly read?: (table: string) => AsyncIterable<string>;
}

export function createKernelQueues(
  scheduler: Scheduler,
  { onRead, read = readPieces }: KernelQueuesInit = {},
): ClosableKernelQueues {
  const ipv4: Table = { path: "/proc/net/tcp", watched: new Map() };
  /** Also of IPv4 peers of a socket that listens for both. */
  const ipv6: Table = { path: "/proc/net/tcp6", watched: new Map() };
  let reading = false;
  let closed = false;

  async function readTable({ path, watched }: Table): Promise<void> {
    // For either the kernel goes through all connections of both.
    if (watched.size === 0) return;
    let rest = "";
    for await (const piece of read(path)) {
      const lines = (rest + piece).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const entry = parseTcpTableLine(line);
        if (entry !== undefined) watched.get(entry.key)?.(entry.queued);
      }
      if (closed) return;
    }
  }

  async function readAll(): Promise<void> {
    // Those of a second that takes longer than one are left out: the newest figures are what counts.
    if (reading || ipv4.watched.size + ipv6.watched.size === 0) return;
    reading = true;
    // Not Linux, or not this family: nothing is known of its connections.
    for (const table of [ipv4, ipv6]) await readTable(table).catch(() => {});
    reading = false;
    if (!closed) onRead?.();
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
 * which took a twentieth of a core for a thousand connections. Each piece is looked at in a turn of its own.
 */
async function* readPieces(path: string): AsyncGenerator<string> {
  const file = await open(path);
  try {
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, READ_BYTES, null);
      if (bytesRead === 0) return;
      yield buffer.toString("latin1", 0, bytesRead);
    }
  } finally {
    await file.close();
  }
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

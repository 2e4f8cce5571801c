import { readFile } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import type { Scheduler } from "../../hub/scheduler.js";
import type { Subscriber } from "../../hub/subscriber.js";
import type { Outlet } from "../contract/exchange.js";
import type { KernelQueues } from "../contract/kernel-queues.js";
import { parseTcpTableLine, tcpTableKey } from "./tcp-table.js";

const PERIOD_MS = 1_000;
/** Lines that are looked at in one turn of the event loop: under a millisecond. */
const LINES_A_TURN = 500;
const TABLES = ["/proc/net/tcp", "/proc/net/tcp6"];

/** A KernelQueues with an end. */
export interface ClosableKernelQueues extends KernelQueues {
  /** Reads no more. */
  close(): void;
}

/** @param read gets a table's text; rejects where there is no such table */
export function createKernelQueues(
  scheduler: Scheduler,
  read: (table: string) => Promise<string> = (table) => readFile(table, "latin1"),
): ClosableKernelQueues {
  const watched = new Map<string, (bytes: number) => void>();
  let reading = false;
  let closed = false;

  async function readTable(table: string): Promise<void> {
    // Not Linux, or not this family: nothing is known of its connections.
    const text = await read(table).catch(() => "");
    let lines = 0;
    for (let at = 0; at < text.length && !closed; ) {
      const end = text.indexOf("\n", at);
      const line = parseTcpTableLine(text.slice(at, end < 0 ? undefined : end));
      if (line !== undefined) watched.get(line.key)?.(line.queued);
      at = end < 0 ? text.length : end + 1;
      lines += 1;
      if (lines % LINES_A_TURN === 0) await setImmediate();
    }
  }

  async function readAll(): Promise<void> {
    // Those of a second that takes longer than one are left out: the newest figures are what counts.
    if (reading || watched.size === 0) return;
    reading = true;
    for (const table of TABLES) await readTable(table);
    reading = false;
  }
  const cancel = scheduler.every(PERIOD_MS, () => void readAll());

  return {
    watch(connection, onQueued) {
      const key = tcpTableKey(connection);
      if (key === undefined) return () => {};
      watched.set(key, onQueued);
      return () => {
        // The same two ports may be another connection's by now.
        if (watched.get(key) === onQueued) watched.delete(key);
      };
    },
    close() {
      closed = true;
      cancel();
      watched.clear();
    },
  };
}

/** Has a subscriber told what the kernel holds for it. @returns ends it */
export function watchKernelQueue(
  { kernelQueues }: { readonly kernelQueues: KernelQueues },
  outlet: Pick<Outlet, "connection" | "bytesOut">,
  subscriber: Subscriber,
): () => void {
  const { connection } = outlet;
  if (connection === undefined) return () => {};
  return kernelQueues.watch(connection, (queued) => subscriber.observe(queued, outlet.bytesOut - queued));
}

import type { KernelQueues, TcpConnection } from "../contract/kernel-queues.js";
import type { ClosableKernelQueues } from "../net/kernel-queues.js";

// The kernel's table has a line for every connection of the machine, and whoever wants some of them reads all: several
// processes that each did so would pay for the whole server as many times as there are processes. So the parent reads it
// for all of them.

/** What a worker asks the parent's reader. */
export type QueueAsk =
  | { readonly kind: "watch-queue"; readonly id: number; readonly connection: TcpConnection }
  | { readonly kind: "unwatch-queue"; readonly id: number };

/** What it is told: `id, bytes, id, bytes, …`. */
export type QueueFigures = readonly number[];

/** Connections that one message tells of: a worker looks at those in one turn of its event loop. */
const CONNECTIONS_A_MESSAGE = 500;

/** The parent's side, for one worker. */
export interface QueueWatches {
  take(ask: QueueAsk): void;
  /** Tells what has been read and not been told. */
  flush(): void;
  /** Watches nothing any more. */
  close(): void;
}

export function createQueueWatches(
  kernelQueues: KernelQueues,
  tell: (figures: QueueFigures) => void,
): QueueWatches {
  const watches = new Map<number, () => void>();
  let figures: number[] = [];

  function flush(): void {
    if (figures.length === 0) return;
    const told = figures;
    figures = [];
    tell(told);
  }

  return {
    take(ask) {
      if (ask.kind === "unwatch-queue") {
        watches.get(ask.id)?.();
        watches.delete(ask.id);
        return;
      }
      const { id, connection } = ask;
      const unwatch = kernelQueues.watch(connection, (queued) => {
        figures.push(id, queued);
        if (figures.length >= 2 * CONNECTIONS_A_MESSAGE) flush();
      });
      watches.set(id, unwatch);
    },
    flush,
    close() {
      for (const unwatch of watches.values()) unwatch();
      watches.clear();
      figures = [];
    },
  };
}

/** The worker's side. */
export interface AskedQueues extends ClosableKernelQueues {
  receive(figures: QueueFigures): void;
}

export function createAskedQueues(ask: (ask: QueueAsk) => void): AskedQueues {
  const watched = new Map<number, (bytes: number) => void>();
  let ids = 0;
  return {
    watch(connection, onQueued) {
      const id = ++ids;
      watched.set(id, onQueued);
      ask({ kind: "watch-queue", id, connection });
      return () => {
        if (watched.delete(id)) ask({ kind: "unwatch-queue", id });
      };
    },
    receive(figures) {
      for (let i = 0; i + 1 < figures.length; i += 2)
        watched.get(figures[i] as number)?.(figures[i + 1] as number);
    },
    close: () => watched.clear(),
  };
}

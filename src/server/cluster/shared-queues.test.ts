import { describe, expect, it } from "vitest";
import type { TcpConnection } from "../contract/kernel-queues.js";
import { createAskedQueues, createQueueWatches, type QueueFigures } from "./shared-queues.js";

const peer = (remotePort: number): TcpConnection => ({
  localAddress: "127.0.0.1",
  localPort: 8080,
  remoteAddress: "127.0.0.1",
  remotePort,
});

/** A reader of the kernel's table that is told by hand what is in it. */
function createTable() {
  const watched = new Map<number, (bytes: number) => void>();
  return {
    watched,
    watch({ remotePort }: TcpConnection, onQueued: (bytes: number) => void) {
      watched.set(remotePort, onQueued);
      return () => void watched.delete(remotePort);
    },
  };
}

/** Both sides of one worker, with nothing in between. */
function connectSides(table = createTable()) {
  const messages: QueueFigures[] = [];
  const parent = createQueueWatches(table, (figures) => {
    messages.push(figures);
    worker.receive(figures);
  });
  const worker = createAskedQueues((ask) => parent.take(ask));
  return { table, parent, worker, messages };
}

describe("one reader of the kernel's queues for several processes", () => {
  it("tells each what it watches, in one message, until it does not watch it any more", () => {
    const { table, parent, worker, messages } = connectSides();
    const told: [string, number][] = [];
    const unwatch = worker.watch(peer(1), (bytes) => told.push(["a", bytes]));
    worker.watch(peer(2), (bytes) => told.push(["b", bytes]));
    table.watched.get(1)?.(42);
    table.watched.get(2)?.(43);
    expect(told).toEqual([]);
    parent.flush();
    expect(told).toEqual([
      ["a", 42],
      ["b", 43],
    ]);
    expect(messages).toHaveLength(1);
    parent.flush();
    expect(messages).toHaveLength(1);
    unwatch();
    unwatch();
    expect([...table.watched.keys()]).toEqual([2]);
    table.watched.get(2)?.(44);
    parent.flush();
    expect(told.at(-1)).toEqual(["b", 44]);
    expect(told).toHaveLength(3);
  });

  it("tells of many connections in several messages", () => {
    const { table, parent, worker, messages } = connectSides();
    let told = 0;
    for (let port = 1; port <= 1_100; port++) worker.watch(peer(port), () => (told += 1));
    for (const tell of table.watched.values()) tell(7);
    expect(messages.map(({ length }) => length / 2)).toEqual([500, 500]);
    parent.flush();
    expect(told).toBe(1_100);
  });

  it("says nothing of connections that were given up while the news was on its way", () => {
    const table = createTable();
    const messages: QueueFigures[] = [];
    const parent = createQueueWatches(table, (figures) => messages.push(figures));
    const worker = createAskedQueues((ask) => parent.take(ask));
    const told: number[] = [];
    const unwatch = worker.watch(peer(1), (bytes) => told.push(bytes));
    table.watched.get(1)?.(42);
    parent.flush();
    unwatch();
    // The two ports are another connection's by now.
    worker.watch(peer(1), (bytes) => told.push(-bytes));
    for (const figures of messages) worker.receive(figures);
    expect(told).toEqual([]);
  });

  it("watches nothing for a worker that has gone", () => {
    const { table, parent, worker, messages } = connectSides();
    worker.watch(peer(1), () => {});
    worker.watch(peer(2), () => {});
    table.watched.get(1)?.(42);
    parent.close();
    expect(table.watched.size).toBe(0);
    parent.flush();
    expect(messages).toEqual([]);
    worker.close();
  });
});

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { createFakeScheduler } from "../../../test/support/fake-scheduler.js";
import { until } from "../../../test/support/until.js";
import type { TcpConnection } from "../contract/kernel-queues.js";
import { createKernelQueues } from "./kernel-queues.js";
import { createNodeScheduler } from "./node-scheduler.js";

const PEER: TcpConnection = {
  localAddress: "127.0.0.1",
  localPort: 8080,
  remoteAddress: "127.0.0.1",
  remotePort: 44024,
};
const line = (queued: string) => `   1: 0100007F:1F90 0100007F:ABF8 01 ${queued}:00000000 00:00000000\n`;
const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

describe("the kernel's queues", () => {
  it("are read once a second while somebody watches, and by nobody afterwards", async () => {
    const scheduler = createFakeScheduler();
    const told: number[] = [];
    let reads = 0;
    let rounds = 0;
    const queues = createKernelQueues(scheduler, {
      onRead: () => {
        rounds += 1;
      },
      async *read(table) {
        reads += 1;
        if (table.endsWith("6")) throw new Error("no such table");
        yield `  sl  local_address\n${"garbage\n".repeat(1_200)}${line("0000002A").slice(0, 30)}`;
        yield line("0000002A").slice(30);
      },
    });
    scheduler.advance(1_000);
    expect(reads).toBe(0);
    const unwatch = queues.watch(PEER, (bytes) => told.push(bytes));
    scheduler.advance(1_000);
    await until(() => told.length === 1);
    await settled();
    scheduler.advance(1_000);
    await until(() => told.length === 2);
    await until(() => rounds === 2);
    expect(told).toEqual([42, 42]);
    unwatch();
    await settled();
    const before = reads;
    scheduler.advance(5_000);
    expect(reads).toBe(before);
    queues.close();
    expect(scheduler.pending).toBe(0);
  });

  it("are read of those families alone that somebody watches", async () => {
    const scheduler = createFakeScheduler();
    const tables: string[] = [];
    const queues = createKernelQueues(scheduler, {
      async *read(table) {
        tables.push(table);
        yield "";
      },
    });
    const mapped = { ...PEER, localAddress: "::ffff:127.0.0.1", remoteAddress: "::ffff:127.0.0.1" };
    const unwatch = queues.watch(mapped, () => {});
    scheduler.advance(1_000);
    await settled();
    unwatch();
    queues.watch(PEER, () => {});
    scheduler.advance(1_000);
    await settled();
    expect(tables).toEqual(["/proc/net/tcp6", "/proc/net/tcp"]);
    queues.close();
  });

  it("are not asked for again while an answer is awaited", async () => {
    const scheduler = createFakeScheduler();
    let reads = 0;
    const queues = createKernelQueues(scheduler, {
      async *read() {
        reads += 1;
        yield await new Promise<string>(() => {});
      },
    });
    queues.watch(PEER, () => {});
    scheduler.advance(10_000);
    expect(reads).toBe(1);
    queues.close();
  });

  it.runIf(process.platform === "linux")(
    "are those of a real connection whose peer does not read",
    async () => {
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      const client = connect((server.address() as AddressInfo).port, "127.0.0.1").pause();
      const [socket] = (await once(server, "connection")) as [Socket];
      const { localAddress = "", localPort = 0, remoteAddress = "", remotePort = 0 } = socket;
      const queues = createKernelQueues(createNodeScheduler(true));
      const told: number[] = [];
      queues.watch({ localAddress, localPort, remoteAddress, remotePort }, (bytes) => told.push(bytes));
      socket.write(Buffer.alloc(16 * 1024 * 1024));
      await until(() => (told.at(-1) ?? 0) > 0);
      client.resume();
      await until(() => told.at(-1) === 0);
      queues.close();
      client.destroy();
      socket.destroy();
      server.close();
    },
  );
});

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { describe, expect, it } from "vitest";
import { UNFRAMED } from "./framing.js";
import { cutOff, SocketWriter } from "./socket-writer.js";

const OWNER = { framing: UNFRAMED, end() {}, destroy() {} };

/** A socket whose kernel takes in what a test says. */
function fakeSocket(highWaterMark: number): Duplex & { written: number; flush(): void } {
  let flush: (() => void) | undefined;
  const socket = new Duplex({
    highWaterMark,
    read() {},
    write(chunk: Buffer, _encoding, done) {
      fake.written += chunk.length;
      flush = done;
    },
    writev(chunks, done) {
      for (const { chunk } of chunks as { chunk: Buffer }[]) fake.written += chunk.length;
      flush = done;
    },
  });
  const fake = Object.assign(socket, {
    written: 0,
    flush() {
      const done = flush;
      flush = undefined;
      done?.();
    },
  });
  return fake;
}

async function settle(socket: ReturnType<typeof fakeSocket>): Promise<void> {
  while (socket.writableLength > 0) {
    socket.flush();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("the socket writer", () => {
  it.each([16, 64, 1024])(
    "keeps to its bound and goes on after a drain, with a mark of %i KiB",
    async (kib) => {
      const socket = fakeSocket(kib * 1024);
      const writer = new SocketWriter(socket, OWNER);
      let drains = 0;
      writer.onDrain(() => {
        drains += 1;
      });
      const piece = new Uint8Array(10_000);
      let taken = 0;
      while (writer.acceptBytes(piece) === "ok") taken += 1;
      expect(taken).toBe(Math.ceil((Math.max(kib, 64) * 1024) / piece.length));
      expect(writer.acceptBytes(piece)).toBe("busy");
      expect(writer.bytesOut).toBe(taken * piece.length);
      expect(drains).toBe(0);
      await settle(socket);
      expect(drains).toBe(1);
      expect(writer.acceptBytes(piece)).toBe("ok");
      await settle(socket);
      // Nobody waited for this drain.
      expect(drains).toBe(1);
    },
  );

  it("takes more of what a viewer begins with, once", async () => {
    const socket = fakeSocket(16 * 1024);
    const writer = new SocketWriter(socket, OWNER);
    const fill = (): number => {
      let taken = 0;
      writer.cork();
      while (writer.acceptBytes(new Uint8Array(16 * 1024)) === "ok") taken += 1;
      writer.uncork();
      return taken;
    };
    expect(fill()).toBe(32);
    expect(writer.acceptBytes(new Uint8Array(1))).toBe("busy");
    await settle(socket);
    expect(fill()).toBe(4);
    await settle(socket);
  });

  it("takes nothing for a socket that has ended, and leaves it without listeners", () => {
    const socket = fakeSocket(1024);
    const writer = new SocketWriter(socket, OWNER);
    socket.end();
    expect(writer.acceptBytes(new Uint8Array(1))).toBe("busy");
    writer.write(new Uint8Array(1));
    expect(writer.bytesOut).toBe(0);
    writer.release();
    expect(socket.listenerCount("drain")).toBe(0);
  });

  it("writes control messages past the bound", () => {
    const socket = fakeSocket(1024);
    const writer = new SocketWriter(socket, OWNER);
    while (writer.acceptBytes(new Uint8Array(50_000)) === "ok");
    const before = writer.bytesOut;
    writer.write(new Uint8Array(10));
    expect(writer.bytesOut).toBe(before + 10);
  });
});

describe("cutting a connection off", () => {
  it.each<[string, (socket: Socket) => void | Promise<void>]>([
    ["idle", () => {}],
    ["that has much to send to who does not read", (socket) => void socket.write(new Uint8Array(20_000_000))],
    ["that is to end when all is sent", (socket) => void socket.end(new Uint8Array(20_000_000))],
    ["that has been told to end", (socket) => void socket.end()],
    [
      "that is just ending",
      async (socket) => {
        socket.end();
        await new Promise(process.nextTick);
        await new Promise(process.nextTick);
      },
    ],
    [
      "that has ended",
      async (socket) => {
        socket.end();
        await once(socket, "finish");
      },
    ],
  ])("closes a socket %s", async (_state, prepare) => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const peer = connect({
      port: (server.address() as AddressInfo).port,
      host: "127.0.0.1",
      allowHalfOpen: true,
    });
    peer.on("error", () => {}).pause();
    const [socket] = (await once(server, "connection")) as [Socket];
    const errors: Error[] = [];
    socket.on("error", (error) => errors.push(error));
    const closed = once(socket, "close");
    await prepare(socket);
    cutOff(socket);
    await closed;
    expect(errors).toEqual([]);
    peer.destroy();
    await once(server.close(), "close");
  });
});

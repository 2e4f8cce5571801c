import type { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { createFakeScheduler } from "../../../test/support/fake-scheduler.js";
import { createWaitingConnections } from "./waiting-connections.js";

function fakeSocket() {
  const socket = {
    destroyed: false,
    destroy() {
      socket.destroyed = true;
    },
  };
  return socket as typeof socket & Socket;
}

function stage() {
  const scheduler = createFakeScheduler();
  return { scheduler, waiting: createWaitingConnections(scheduler) };
}

describe("connections that wait for a worker", () => {
  it("are given away in their order, each once", () => {
    const { scheduler, waiting } = stage();
    const sockets = [fakeSocket(), fakeSocket()];
    waiting.add("http", sockets[0]!);
    waiting.add("rtmp", sockets[1]!);
    expect(waiting.size).toBe(2);
    const given: unknown[] = [];
    waiting.handOut((door, socket) => given.push([door, socket]));
    waiting.handOut((door, socket) => given.push([door, socket]));
    expect(given).toEqual([
      ["http", sockets[0]],
      ["rtmp", sockets[1]],
    ]);
    expect(waiting.size).toBe(0);
    expect(scheduler.pending).toBe(0);
  });

  it("wait on where they cannot be taken after all", () => {
    const { waiting } = stage();
    const socket = fakeSocket();
    waiting.add("http", socket);
    waiting.handOut(waiting.add);
    expect(waiting.size).toBe(1);
    expect(socket.destroyed).toBe(false);
  });

  it("are closed after ten seconds, and beyond a thousand at once", () => {
    const { scheduler, waiting } = stage();
    const sockets = Array.from({ length: 1_001 }, fakeSocket);
    for (const socket of sockets) waiting.add("http", socket);
    expect(sockets.filter(({ destroyed }) => destroyed)).toEqual([sockets[1_000]]);
    scheduler.advance(9_999);
    expect(waiting.size).toBe(1_000);
    scheduler.advance(1);
    expect(waiting.size).toBe(0);
    expect(sockets.every(({ destroyed }) => destroyed)).toBe(true);
  });

  it("are closed at the end, and whoever comes then", () => {
    const { scheduler, waiting } = stage();
    const [early, late] = [fakeSocket(), fakeSocket()];
    waiting.add("http", early);
    waiting.close();
    waiting.add("http", late);
    waiting.close();
    expect([early.destroyed, late.destroyed]).toEqual([true, true]);
    expect(scheduler.pending).toBe(0);
  });
});

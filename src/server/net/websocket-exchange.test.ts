import { once } from "node:events";
import { createServer, get, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { createFakeScheduler, type FakeScheduler } from "../../../test/support/fake-scheduler.js";
import { until } from "../../../test/support/until.js";
import type { Exchange, Outlet } from "../contract/exchange.js";
import { createOpenExchanges, type OpenExchanges } from "./open-exchanges.js";
import { createWebSocketGate, type WebSocketGate } from "./websocket-exchange.js";

interface Stage {
  readonly scheduler: FakeScheduler;
  readonly open: OpenExchanges;
  readonly gate: WebSocketGate;
  readonly server: Server;
  readonly exchanges: Exchange[];
  readonly outlets: Outlet[];
  readonly url: string;
}

const stages: Stage[] = [];
afterEach(async () => {
  for (const { server, gate, open } of stages.splice(0)) {
    open.destroy();
    gate.close();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function setUp(): Promise<Stage> {
  const scheduler = createFakeScheduler();
  const open = createOpenExchanges();
  const gate = createWebSocketGate(open, scheduler);
  const exchanges: Exchange[] = [];
  const outlets: Outlet[] = [];
  const server = createServer();
  server.on("upgrade", (request, socket, head) => {
    const exchange = gate.exchange({ request, socket, head, target: { path: "/", search: "" } });
    exchanges.push(exchange);
    outlets.push(exchange.stream({ "X-A": "b" }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const stage = { scheduler, open, gate, server, exchanges, outlets, url };
  stages.push(stage);
  return stage;
}

describe("WebSocket connections", () => {
  it("are pinged every 20 seconds, and given up when two pings went unanswered", async () => {
    const { scheduler, exchanges, url, open } = await setUp();
    const alive = new WebSocket(url);
    const [upgrade] = (await once(alive, "upgrade")) as [{ headers: Record<string, string> }];
    expect(upgrade.headers["x-a"]).toBe("b");
    const silent = new WebSocket(url, { autoPong: false } as object);
    await once(silent, "open");
    const closed = once(silent, "close");
    for (let round = 1; round <= 2; round++) {
      const pinged = [once(alive, "ping"), once(silent, "ping")];
      scheduler.advance(20_000);
      await Promise.all(pinged);
      // The answer is on its way: let it come.
      alive.ping();
      await once(alive, "pong");
    }
    expect(exchanges.map(({ signal }) => signal.aborted)).toEqual([false, false]);
    scheduler.advance(20_000);
    expect((await closed)[0]).toBe(1006);
    await until(() => exchanges[1]?.signal.aborted === true);
    expect(exchanges[1]?.signal.reason).toBe("idle-timeout");
    expect(exchanges[0]?.signal.aborted).toBe(false);
    expect(open.size).toBe(1);
    alive.terminate();
    await until(() => open.size === 0);
  });

  it("are cut off when their close handshake is not answered", async () => {
    const { scheduler, outlets, url, open, exchanges } = await setUp();
    const viewer = new WebSocket(url);
    await once(viewer, "open");
    // A peer that no longer reads sees no close frame.
    (viewer as unknown as { _socket: Socket })._socket.pause();
    outlets[0]?.end("done");
    scheduler.advance(1_999);
    await new Promise((resolve) => setImmediate(resolve));
    expect(open.size).toBe(1);
    scheduler.advance(1);
    await until(() => open.size === 0);
    expect(exchanges[0]?.signal.aborted).toBe(true);
    expect(outlets[0]?.bytesOut).toBe(0);
    viewer.terminate();
  });

  it("with a bad handshake come to nothing", async () => {
    const { url, exchanges, outlets, open } = await setUp();
    const headers = { connection: "upgrade", upgrade: "websocket", "sec-websocket-version": "7" };
    const asked = get(url.replace("ws", "http"), { headers, agent: false });
    const [refusal] = (await once(asked, "response")) as [IncomingMessage];
    expect(refusal.statusCode).toBe(400);
    refusal.resume();
    await until(() => open.size === 0);
    expect(exchanges[0]?.signal.aborted).toBe(true);
    expect(outlets[0]?.bytesOut).toBe(0);
  });
});

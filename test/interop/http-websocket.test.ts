import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { createFlvDemuxer } from "../../src/media/format/flv/demuxer.js";
import type { Packet } from "../../src/media/model/packet.js";
import type { ServerOptions } from "../../src/server/index.js";
import {
  open,
  openRaw,
  type Source,
  startLive,
  startSource,
  type TestLive,
} from "../support/synthetic-live.js";
import { until } from "../support/until.js";

const running: TestLive[] = [];
const sources: Source[] = [];
afterEach(async () => {
  for (const source of sources.splice(0)) source.stop();
  for (const { live } of running.splice(0)) await live.close();
});

async function start(options: ServerOptions = {}): Promise<TestLive> {
  const server = await startLive(options);
  running.push(server);
  return server;
}

function publish(server: TestLive, bytes = 0): Source {
  const source = startSource(server.live, "live/a", { bytes });
  sources.push(source);
  return source;
}

interface Viewer {
  readonly socket: WebSocket;
  readonly packets: Packet[];
  readonly messages: { readonly binary: boolean; readonly size: number }[];
  readonly closed: Promise<number>;
  /** Status of a refusal. */
  readonly refused: Promise<number>;
  readonly pings: number;
}

function watch(server: TestLive, path = "/live/a.flv"): Viewer {
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}${path}`);
  const packets: Packet[] = [];
  const messages: { binary: boolean; size: number }[] = [];
  const demuxer = createFlvDemuxer({ track() {}, packet: (packet) => packets.push(packet) });
  socket.on("message", (data: Buffer, binary) => {
    messages.push({ binary, size: data.length });
    demuxer.push(data, 0);
  });
  socket.on("error", () => {});
  return {
    socket,
    packets,
    messages,
    closed: new Promise((resolve) => socket.once("close", resolve)),
    refused: new Promise((resolve) =>
      socket.once("unexpected-response", (_request, response) => resolve(response.statusCode ?? 0)),
    ),
    pings: 0,
  };
}

describe("WS-FLV", () => {
  it("is binary messages on the address of HTTP-FLV, the session in the handshake's answer", async () => {
    const server = await start();
    publish(server).run();
    const viewer = watch(server);
    const [upgrade] = (await once(viewer.socket, "upgrade")) as [{ headers: Record<string, string> }];
    expect(upgrade.headers["x-sluice-session"]).toMatch(/^[\w-]{12}$/);
    expect(upgrade.headers["sec-websocket-extensions"]).toBeUndefined();
    await until(() => viewer.packets.length >= 40);
    expect(viewer.packets[0]).toMatchObject({ key: true, dts: 0 });
    expect(viewer.messages.every(({ binary }) => binary)).toBe(true);
    viewer.socket.close();
    expect(await viewer.closed).toBe(1005);
    await until(() => server.lines.some(({ message }) => message === "play ended"));
    expect(server.lines.at(-1)?.fields).toMatchObject({ protocol: "ws-flv", reason: "client-closed" });
  });

  it("frames messages of every size", async () => {
    for (const bytes of [20, 126, 65_000, 70_000]) {
      const server = await start();
      publish(server, bytes).run();
      const viewer = watch(server);
      await until(() => viewer.packets.length >= 6);
      expect(viewer.packets.find(({ track }) => track.kind === "video")?.data.length).toBe(bytes);
      viewer.socket.terminate();
    }
  });

  it("refuses in the handshake: no stream, not allowed, too many, not a handshake", async () => {
    const server = await start({ maxConnections: 1, authorize: ({ query }) => query.get("key") !== "bad" });
    expect(await watch(server).refused).toBe(404);
    publish(server).run();
    expect(await watch(server, "/live/a.flv?key=bad").refused).toBe(403);
    expect(await watch(server, "/nothing").refused).toBe(404);
    const viewer = watch(server);
    await until(() => viewer.packets.length > 0);
    expect(await watch(server).refused).toBe(503);
    viewer.socket.close();
    await viewer.closed;
    await until(() => server.live.streams()[0]?.viewers === 0);
    const raw = openRaw(server.port, [
      "GET /live/a.flv HTTP/1.1",
      "Host: a",
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
    ]);
    await raw.closed;
    expect(raw.text()).toMatch(/^HTTP\/1\.1 400 /);
    await until(() => server.live.streams()[0]?.viewers === 0);
  });

  it("waits for the publisher before it answers the handshake", async () => {
    const asked: string[] = [];
    const server = await start({
      waitForPublisherMs: 60_000,
      authorize: ({ name }) => asked.push(name) > 0,
    });
    const viewer = watch(server);
    let opened = false;
    viewer.socket.once("open", () => {
      opened = true;
    });
    await until(() => asked.includes("a"));
    expect((await open(server.url("/nothing"))).statusCode).toBe(404);
    expect(opened).toBe(false);
    publish(server).run();
    await until(() => viewer.packets.length > 0);
    viewer.socket.terminate();
    const leaving = watch(server, "/live/other.flv");
    await until(() => asked.includes("other"));
    leaving.socket.terminate();
    // A reset, where the kernel still held bytes that the viewer had not read.
    const gone = ["client-closed", "client-reset"];
    await until(() => server.lines.filter(({ fields }) => gone.includes(String(fields.reason))).length === 2);
  });

  it("closes with 1000 when the stream ends, and 1001 when the server does", async () => {
    const server = await start({ keepViewersMs: 0 });
    const source = publish(server);
    source.run();
    const first = watch(server);
    await until(() => first.packets.length > 0);
    source.stop();
    expect(await first.closed).toBe(1000);
    publish(server).run();
    const second = watch(server);
    await until(() => second.packets.length > 0);
    const closing = server.live.close();
    expect(await second.closed).toBe(1001);
    await closing;
  });

  it("ignores what viewers say, answers their pings, and ends who says too much", async () => {
    const server = await start();
    publish(server).run();
    const viewer = watch(server);
    await until(() => viewer.packets.length > 0);
    viewer.socket.send("hello");
    viewer.socket.send(Buffer.from([1, 2, 3]));
    const pong = once(viewer.socket, "pong");
    viewer.socket.ping("now");
    expect(String((await pong)[0])).toBe("now");
    const before = viewer.packets.length;
    await until(() => viewer.packets.length > before + 5);
    viewer.socket.send(Buffer.alloc(100_000));
    expect(await viewer.closed).toBe(1009);
    await until(() => server.lines.some(({ fields }) => fields.reason === "malformed"));
  });

  it("ends a viewer whose frames are not masked, and nobody else", async () => {
    const server = await start();
    publish(server).run();
    const other = watch(server);
    await until(() => other.packets.length > 0);
    const socket = connect(server.port, "127.0.0.1");
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.on("error", () => {});
    socket.resume();
    const key = "dGhlIHNhbXBsZSBub25jZQ==";
    socket.write(
      "GET /live/a.flv HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
    );
    await once(socket, "data");
    socket.write(Buffer.from([0x82, 0x01, 0x00]));
    await closed;
    const before = other.packets.length;
    await until(() => other.packets.length > before + 5);
    other.socket.terminate();
  });
});

describe("other upgrades", () => {
  it("are answered as the HTTP/1.1 requests that they also are", async () => {
    const server = await start();
    publish(server).run();
    const lines = [
      "Host: a",
      "Connection: Upgrade, HTTP2-Settings",
      "Upgrade: h2c",
      "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA",
    ];
    const viewer = openRaw(server.port, ["GET /live/a.flv HTTP/1.1", ...lines]);
    await until(() => viewer.text().includes("FLV"));
    expect(viewer.text()).toMatch(/^HTTP\/1\.1 200 OK/);
    viewer.socket.destroy();
    const list = openRaw(server.port, ["GET /api/v1/public/streams HTTP/1.1", ...lines]);
    await list.closed;
    expect(list.text()).toContain('"name":"a"');
    await until(() => server.live.streams()[0]?.viewers === 0);
  });
});

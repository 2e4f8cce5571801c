import { Agent, get, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { createFlvDemuxer } from "../../src/media/format/flv/demuxer.js";
import type { Packet } from "../../src/media/model/packet.js";
import type { ServerOptions, SessionInfo } from "../../src/server/index.js";
import {
  firstPackets,
  open,
  openRaw,
  packetsOf,
  readAll,
  type Source,
  type SourceOptions,
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

function publish(server: TestLive, options: SourceOptions = {}, name = "live/a"): Source {
  const source = startSource(server.live, name, options);
  sources.push(source);
  return source;
}

function ends(server: TestLive): readonly unknown[] {
  return server.lines.filter(({ message }) => message === "play ended").map(({ fields }) => fields.reason);
}

/** The pictures of an FLV body, as they come. */
function collect(answer: IncomingMessage): readonly Packet[] {
  const packets: Packet[] = [];
  const packet = (packet: Packet): void => {
    if (packet.track.kind === "video") packets.push(packet);
  };
  const demuxer = createFlvDemuxer({ track() {}, packet });
  answer.on("data", (chunk: Buffer) => demuxer.push(chunk, 0));
  answer.on("error", () => {});
  return packets;
}

const GET = ["GET /live/a.flv HTTP/1.1", "Host: a"];

describe("a slow viewer", () => {
  it("skips to a key frame, with a word in the log, and nobody else notices", async () => {
    const server = await start({ maxLagMs: 200, stallTimeoutMs: 60_000 });
    const source = publish(server, { bytes: 200_000, gop: 5 });
    source.frames(5);
    const [fast, slow] = [
      collect(await open(server.url("/live/a.flv"))),
      await open(server.url("/live/a.flv")),
    ];
    // The kernel keeps megabytes for who does not read; the rest lies in the hub's ring, until it is too much.
    for (let frames = 10; frames <= 200; frames += 5) {
      source.frames(5);
      await until(() => fast.length === frames);
    }
    const skipped = collect(slow);
    await until(() => skipped.at(-1)?.dts === fast.at(-1)?.dts);
    const gaps = skipped.filter(({ dts }, i) => i > 0 && dts !== (skipped[i - 1]?.dts ?? 0) + 40_000);
    expect(gaps.length).toBeGreaterThan(0);
    expect(gaps.every(({ key }) => key)).toBe(true);
    expect(fast.map(({ dts }) => dts)).toEqual(fast.map((_, i) => i * 40_000));
    const lines = server.lines.filter(({ level }) => level === "warn");
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      message: "viewer too far behind: frames left out",
      fields: { remoteAddress: "127.0.0.1", app: "live", name: "a" },
    });
  });

  it("is closed as too slow when it takes nothing", async () => {
    const server = await start({ stallTimeoutMs: 300 });
    publish(server, { bytes: 300_000 }).run();
    const stopped: SessionInfo[] = [];
    server.live.on("stop", (session) => stopped.push(session));
    const slow = connect(server.port, "127.0.0.1");
    slow.on("error", () => {});
    slow.pause();
    slow.write(`${GET.join("\r\n")}\r\n\r\n`);
    await until(() => stopped.length === 1);
    expect(stopped[0]).toMatchObject({ reason: "too-slow", action: "play", app: "live", name: "a" });
    expect(stopped[0]?.counters.bytesOut).toBeGreaterThan(100_000);
    await until(() => server.live.streams()[0]?.viewers === 0);
    slow.destroy();
  });
});

describe("viewers who go", () => {
  it("are not missed by the others, however they went", async () => {
    const server = await start();
    publish(server, { bytes: 30_000 }).run();
    const staying = await open(server.url("/live/a.flv"));
    const packets = firstPackets(staying, 600);
    for (let i = 0; i < 20; i++) {
      const leaving = openRaw(server.port, GET);
      await until(() => leaving.text().length > 20_000);
      if (i % 3 === 0) leaving.socket.destroy();
      else if (i % 3 === 1) leaving.socket.resetAndDestroy();
      else leaving.socket.end();
    }
    const times = (await packets).filter(({ track }) => track.kind === "video").map(({ dts }) => dts);
    const first = times[0] ?? 0;
    expect(times).toEqual(times.map((_, i) => first + i * 40_000));
    await until(() => server.live.streams()[0]?.viewers === 0);
    expect(new Set(ends(server))).toEqual(new Set(["client-closed", "client-reset"]));
  });

  it("leave nothing behind, 500 of them", async () => {
    const server = await start();
    publish(server, { bytes: 1_000 }).run();
    const resources = (): number =>
      process.getActiveResourcesInfo().filter((name) => /TCP|Timeout|Immediate/.test(name)).length;
    await (await open(server.url("/live/a.flv"))).destroy();
    await until(() => server.live.streams()[0]?.viewers === 0);
    await until(() => process.getActiveResourcesInfo().filter((name) => /TCPSocket/.test(name)).length === 0);
    const before = resources();
    for (let round = 0; round < 10; round++) {
      await Promise.all(
        Array.from({ length: 50 }, async (_, i) => {
          if (i % 2 === 0) {
            const answer = await open(server.url(i % 4 === 0 ? "/live/a.flv" : "/live/a.mp4"));
            await new Promise((resolve) => answer.once("data", resolve));
            answer.destroy();
          } else {
            const socket = new WebSocket(`ws://127.0.0.1:${server.port}/live/a.flv`);
            await new Promise((resolve) => socket.once("message", resolve));
            const closed = new Promise((resolve) => socket.once("close", resolve));
            if (i % 4 === 1) socket.close();
            else socket.terminate();
            await closed;
          }
        }),
      );
    }
    await until(() => server.live.streams()[0]?.viewers === 0);
    await until(() => process.getActiveResourcesInfo().filter((name) => /TCPSocket/.test(name)).length === 0);
    expect(resources()).toBeLessThanOrEqual(before + 2);
    expect(ends(server)).toHaveLength(501);
  });
});

describe("a publisher who goes", () => {
  it("and comes back finds its viewers, who go on with times that never fall", async () => {
    const server = await start({ keepViewersMs: 60_000 });
    publish(server).run();
    const answer = await open(server.url("/live/a.flv"));
    const packets = firstPackets(answer, 300);
    await until(() => (server.live.streams()[0]?.packets ?? 0) > 100);
    sources[0]?.stop();
    publish(server).run();
    const times = (await packets).filter(({ track }) => track.kind === "video").map(({ dts }) => dts);
    expect(times).toEqual(times.map((_, i) => i * 40_000));
  });

  it("and does not, ends its viewers in order", async () => {
    const server = await start({ keepViewersMs: 50 });
    const source = publish(server);
    source.frames(20);
    const answer = await open(server.url("/live/a.flv"));
    source.stop();
    expect(packetsOf(await readAll(answer)).length).toBeGreaterThan(0);
    expect(answer.complete).toBe(true);
    expect(ends(server)).toEqual(["unpublished"]);
  });
});

describe("limits", () => {
  it("answers 503 above maxConnections, and lets the next in when one has gone", async () => {
    const server = await start({ maxConnections: 2 });
    publish(server).run();
    const two = await Promise.all([open(server.url("/live/a.flv")), open(server.url("/live/a.flv"))]);
    const refused = await open(server.url("/live/a.flv"));
    expect(refused.statusCode).toBe(503);
    expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
    expect(JSON.parse((await readAll(refused)).toString())).toMatchObject({ error: "limit" });
    two[0].destroy();
    await until(() => server.live.streams()[0]?.viewers === 1);
    const next = await open(server.url("/live/a.flv"));
    expect(next.statusCode).toBe(200);
    two[1].destroy();
    next.destroy();
  });

  it("closes who says nothing, or says it forever", async () => {
    const server = await start();
    const silent = openRaw(server.port, []);
    const slow = openRaw(server.port, []);
    slow.socket.write("GET /live/a.flv HTTP/1.1\r\n");
    const drip = setInterval(() => slow.socket.write("X-A: b\r\n"), 500);
    await Promise.all([silent.closed, slow.closed]);
    clearInterval(drip);
    expect(slow.text()).toMatch(/^HTTP\/1\.1 408 /);
  });

  it("answers one request after another on a connection, and bears what is sent behind a stream", async () => {
    const server = await start();
    publish(server).run();
    const list = "GET /api/v1/public/streams HTTP/1.1\r\nHost: a\r\n\r\n";
    const pipelined = openRaw(server.port, []);
    pipelined.socket.write(list + list + `${GET.join("\r\n")}\r\n\r\n`.repeat(20) + list);
    await until(() => pipelined.text().includes("FLV"));
    expect(pipelined.text().match(/"streams"/g)).toHaveLength(2);
    pipelined.socket.destroy();
    await until(() => server.live.streams()[0]?.viewers === 0);
    expect((await open(server.url("/api/v1/public/streams"))).statusCode).toBe(200);
  });
});

describe("close", () => {
  it("ends viewers in order, waiting ones with 503, and idle connections at once", async () => {
    let asked = 0;
    const server = await start({
      waitForPublisherMs: 60_000,
      authorize: () => {
        asked += 1;
        return true;
      },
    });
    publish(server).run();
    const agent = new Agent({ keepAlive: true });
    await new Promise<void>((resolve) => {
      get(server.url("/api/v1/public/streams"), { agent }, (answer) => {
        answer.resume().once("end", resolve);
      });
    });
    const fresh = openRaw(server.port, []);
    const viewer = await open(server.url("/live/a.flv"));
    const body = readAll(viewer);
    const waiting = open(server.url("/live/none.flv"));
    await until(() => asked === 2 && server.live.streams()[0]?.viewers === 1);
    await server.live.close();
    expect((await waiting).statusCode).toBe(503);
    expect(packetsOf(await body).length).toBeGreaterThan(0);
    expect(viewer.complete).toBe(true);
    await fresh.closed;
    agent.destroy();
    expect(ends(server)).toEqual(["shutdown"]);
    await expect(open(server.url("/"))).rejects.toThrow(/ECONNREFUSED/);
    await server.live.close();
  });

  it("cuts off who does not take its end in time", async () => {
    const server = await start({ shutdownTimeoutMs: 200 });
    publish(server, { bytes: 300_000 }).run();
    const stuck = connect(server.port, "127.0.0.1");
    stuck.on("error", () => {});
    stuck.pause();
    stuck.write(`${GET.join("\r\n")}\r\n\r\n`);
    const stuckSocket = new WebSocket(`ws://127.0.0.1:${server.port}/live/a.flv`);
    stuckSocket.on("error", () => {});
    await new Promise((resolve) => stuckSocket.once("message", resolve));
    stuckSocket.pause();
    await until(() => server.live.streams()[0]?.viewers === 2);
    await until(() => (server.live.streams()[0]?.bytes ?? 0) > 30_000_000);
    await server.live.close();
    expect(ends(server)).toEqual(["shutdown", "shutdown"]);
    stuck.destroy();
    stuckSocket.terminate();
  });
});

import { once } from "node:events";
import { createServer as createHttpServer, request as httpRequest, type IncomingMessage } from "node:http";
import { connect as connectHttp2, createServer as createHttp2Server } from "node:http2";
import type { AddressInfo, Server as NetServer } from "node:net";
import express from "express";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import type { ServerOptions, SessionInfo } from "../../src/server/index.js";
import { builtServer } from "../support/built-server.js";
import { createLogRecorder, type LogLine } from "../support/rtmp-server.js";
import {
  open,
  openRaw,
  readAll,
  type Source,
  startLive,
  startSource,
  type TestLive,
} from "../support/synthetic-live.js";
import { until } from "../support/until.js";

// What players tell the server how they fare, from outside: the `stop` event and the log have the latest report.

const closers: (() => Promise<unknown>)[] = [];
const sources: Source[] = [];
afterEach(async () => {
  for (const source of sources.splice(0)) source.stop();
  for (const close of closers.splice(0).reverse()) await close();
});

interface Running extends TestLive {
  readonly stopped: SessionInfo[];
}

async function start(options: ServerOptions = {}): Promise<Running> {
  const server = await startLive(options);
  closers.push(() => server.live.close());
  const stopped: SessionInfo[] = [];
  server.live.on("stop", (session) => stopped.push(session));
  const source = startSource(server.live, "live/a");
  sources.push(source);
  source.run();
  return { ...server, stopped };
}

async function listen<S extends NetServer>(server: S): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => new Promise((resolve) => server.close(resolve)));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const reportOf = (sid: string, change: object = {}): string =>
  JSON.stringify({ v: 2, sid, sn: 1, sta: "p", bl: 171, "sluice-path": "mse", ...change });

/** As a page of another origin does: text, no preflight. */
function post(url: string, body: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, {
    method: "POST",
    body,
    headers: { "content-type": "text/plain;charset=UTF-8", connection: "close", ...headers },
  });
}

async function watch(url: string): Promise<{ readonly sid: string; readonly answer: IncomingMessage }> {
  const answer = await open(url);
  answer.resume();
  return { sid: String(answer.headers["x-sluice-session"]), answer };
}

describe("POST /api/v1/reports", () => {
  it("takes what a viewer's player tells, and tells it on when the viewer has gone", async () => {
    const server = await start();
    const { sid, answer } = await watch(server.url("/live/a.flv"));
    expect(answer.headers["access-control-expose-headers"]).toContain("X-Sluice-Session");
    const url = server.url("/api/v1/reports");
    expect((await post(url, reportOf(sid, { sn: 0 }))).status).toBe(204);
    const taken = await post(url, reportOf(sid, { "sluice-rtt": 12, ec: ["timeout"] }));
    expect([taken.status, taken.headers.get("access-control-allow-origin")]).toEqual([204, "*"]);
    answer.destroy();
    await until(() => server.stopped.length === 1);
    expect(server.stopped[0]?.report).toMatchObject({
      sequence: 1,
      state: "playing",
      path: "mse",
      bufferMs: 171,
      rttMs: 12,
      errors: ["timeout"],
    });
    expect(server.lines.at(-1)).toMatchObject({
      message: "play ended",
      fields: { report: { bufferMs: 171 } },
    });
    // The beacon of a page that was closed.
    expect((await post(url, reportOf(sid, { sta: "q" }))).status).toBe(204);
    expect(server.lines.at(-1)).toMatchObject({
      level: "debug",
      fields: { session: sid, report: { state: "quit" } },
    });
  });

  it("says what is wrong with one, and goes on", async () => {
    const server = await start();
    const { sid, answer } = await watch(server.url("/live/a.flv"));
    const url = server.url("/api/v1/reports");
    const problem = async (body: string): Promise<readonly unknown[]> => {
      const refused = await post(url, body);
      expect(refused.headers.get("access-control-allow-origin")).toBe("*");
      const { error, message } = (await refused.json()) as { error: string; message: string };
      return [refused.status, error, message];
    };
    expect(await problem("\u0000{garbage")).toEqual([400, "report", expect.stringContaining("must be JSON")]);
    expect(await problem(reportOf(sid, { bl: -1 }))).toEqual([
      400,
      "report",
      expect.stringContaining("`bl`"),
    ]);
    expect(await problem(reportOf("nobody"))).toEqual([404, "not-found", expect.stringContaining("`sid`")]);
    expect(await problem("x".repeat(5_000))).toEqual([413, "too-large", expect.stringContaining("4096")]);
    const many = await Promise.all(Array.from({ length: 60 }, () => post(url, reportOf(sid))));
    expect(many.some(({ status }) => status === 204)).toBe(true);
    const refused = many.find(({ status }) => status === 429);
    expect(refused?.headers.get("retry-after")).toBe("10");
    expect((await fetch(url)).status).toBe(405);
    const preflight = await fetch(url, { method: "OPTIONS", headers: { origin: "http://page" } });
    expect([preflight.status, preflight.headers.get("access-control-allow-methods")]).toEqual([
      204,
      "POST, OPTIONS",
    ]);
    answer.destroy();
  });

  it("refuses one that is too long, announced or not, and closes the connection", async () => {
    const server = await start();
    const head = ["POST /api/v1/reports HTTP/1.1", "Host: a"];
    const announced = openRaw(server.port, [...head, "Content-Length: 100000000"]);
    await announced.closed;
    expect(announced.text()).toMatch(/^HTTP\/1\.1 413 [\s\S]*connection: close[\s\S]*"too-large"/i);
    const chunked = openRaw(server.port, [...head, "Transfer-Encoding: chunked"]);
    chunked.socket.write(`2000\r\n${"x".repeat(0x2000)}\r\n`);
    await chunked.closed;
    expect(chunked.text()).toMatch(/^HTTP\/1\.1 413 /);
    // One that leaves in the middle of it is nobody's trouble.
    const leaving = openRaw(server.port, [...head, "Content-Length: 10"]);
    leaving.socket.destroy();
    await until(() => leaving.socket.destroyed);
    expect(server.lines.filter(({ level }) => level === "error")).toEqual([]);
  });

  it("gets its answer to whoever sends more than it reads", async () => {
    const server = await start();
    const sending = httpRequest(server.url("/api/v1/reports"), { method: "POST", agent: false });
    const answered = once(sending, "response") as Promise<[IncomingMessage]>;
    sending.on("error", () => {});
    sending.end(Buffer.alloc(3_000_000, 0x20));
    const [answer] = await answered;
    expect(answer.statusCode).toBe(413);
    expect((await readAll(answer)).toString()).toContain("too-large");
  });

  it("is nobody's trouble for sessions that are made up", async () => {
    const server = await start();
    const url = server.url("/api/v1/reports");
    const answers = await Promise.all(
      Array.from({ length: 300 }, (_, i) => fetch(url, { method: "POST", body: reportOf(`made-up-${i}`) })),
    );
    // What is no good costs ten times as much: the address has to wait, unless this machine is slow.
    const statuses = new Set(answers.map(({ status }) => status));
    expect(statuses).toContain(404);
    expect([...statuses].every((status) => status === 404 || status === 429)).toBe(true);
    // Everybody else is as well off as before.
    const { answer } = await watch(server.url("/live/a.flv"));
    expect(answer.statusCode).toBe(200);
    answer.destroy();
  });

  it("works through attach, handler and fetch, and over HTTP/2", async () => {
    const server = await start({ http: false });
    const { live } = server;
    const fetched = await live.fetch(new Request("http://any/live/a.flv"));
    const sid = fetched.headers.get("x-sluice-session") ?? "";
    const ours = (body: BodyInit): Promise<Response> =>
      live.fetch(
        new Request("http://any/api/v1/reports", { method: "POST", body, duplex: "half" } as object),
      );
    expect((await ours(reportOf(sid))).status).toBe(204);
    expect((await ours("{")).status).toBe(400);
    expect((await ours("x".repeat(5_000))).status).toBe(413);

    const host = createHttpServer((_request, response) => response.end("host"));
    live.attach(host);
    const attached = await listen(host);
    expect((await post(`${attached}/api/v1/reports`, reportOf(sid))).status).toBe(204);
    // The host's own.
    const json = await post(`${attached}/api/v1/reports`, "{}", { "content-type": "application/json" });
    expect(await json.text()).toBe("host");

    const app = express();
    app.use("/before", express.text({ type: "*/*" }), live.handler);
    app.use("/parsed", express.json({ type: "*/*" }), live.handler);
    app.use("/media", live.handler);
    const mounted = await listen(createHttpServer(app));
    const statuses = ["media", "before", "parsed"].map(
      async (path) => (await post(`${mounted}/${path}/api/v1/reports`, reportOf(sid))).status,
    );
    expect(await Promise.all(statuses)).toEqual([204, 204, 400]);

    const http2 = await listen(createHttp2Server(live.handler));
    const client = connectHttp2(http2);
    const statusOf = async (body: string): Promise<unknown> => {
      const stream = client.request({ ":method": "POST", ":path": "/api/v1/reports" });
      stream.end(body);
      stream.resume();
      const [headers] = (await once(stream, "response")) as [Record<string, unknown>];
      await once(stream, "close");
      return headers[":status"];
    };
    expect(await statusOf(reportOf(sid))).toBe(204);
    expect(await statusOf("x".repeat(5_000))).toBe(413);
    client.close();
    await fetched.body?.cancel();
    await until(() => server.stopped.length === 1);
    expect(server.stopped[0]?.report?.bufferMs).toBe(171);
  });
});

interface Talker {
  readonly socket: WebSocket;
  readonly texts: Record<string, unknown>[];
  readonly order: string;
  readonly binaries: number;
}

function talk(url: string, protocols: string[]): Talker {
  const socket = new WebSocket(url.replace("http", "ws"), protocols);
  const texts: Record<string, unknown>[] = [];
  let order = "";
  let binaries = 0;
  socket.on("message", (data, binary) => {
    if (binary) binaries += 1;
    else texts.push(JSON.parse(String(data)) as Record<string, unknown>);
    if (order.length < 10) order += binary ? "b" : "t";
  });
  return {
    socket,
    texts,
    get order() {
      return order;
    },
    get binaries() {
      return binaries;
    },
  };
}

describe("the subprotocol sluice.v1", () => {
  it("tells a viewer its session, takes reports and answers each", async () => {
    const server = await start();
    const viewer = talk(server.url("/live/a.flv"), ["other", "sluice.v1"]);
    await until(() => viewer.binaries > 5);
    expect(viewer.socket.protocol).toBe("sluice.v1");
    expect(viewer.order.slice(0, 3)).toBe("tbb");
    const sid = String(viewer.texts[0]?.session);
    expect(viewer.texts).toEqual([
      {
        session: expect.stringMatching(/^[\w-]{12}$/),
        traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/),
      },
    ]);
    viewer.socket.send(reportOf(sid, { ts: 1234, sn: 5 }));
    await until(() => viewer.texts.length === 2);
    expect(viewer.texts[1]).toEqual({ ts: 1234, sn: 5 });
    viewer.socket.send("garbage");
    viewer.socket.send(reportOf("somebody-else"));
    viewer.socket.send(Buffer.from([1, 2, 3]));
    await until(() => viewer.texts.length === 4);
    expect(viewer.texts.slice(2)).toEqual([
      { error: "report", message: expect.stringContaining("JSON") },
      { error: "report", message: expect.stringContaining("sid") },
    ]);
    for (let i = 0; i < 100; i++) viewer.socket.send(reportOf(sid, { sn: 6 }));
    const before = viewer.binaries;
    await until(() => viewer.binaries > before + 5);
    expect(viewer.texts.length).toBeLessThan(20);
    // The same session by POST, as the beacon at the end.
    expect((await post(server.url("/api/v1/reports"), reportOf("x"))).status).toBe(404);
    viewer.socket.close();
    await until(() => server.stopped.length === 1);
    expect(server.stopped[0]).toMatchObject({ id: sid, protocol: "ws-flv", report: { bufferMs: 171 } });
    expect((await post(server.url("/api/v1/reports"), reportOf(sid))).status).not.toBe(404);
  });

  it("is not spoken with whoever does not offer it, or offers others", async () => {
    const server = await start();
    const plain = talk(server.url("/live/a.flv"), []);
    const other = talk(server.url("/live/a.flv"), ["flv", "x"]);
    await until(() => plain.binaries > 5 && other.binaries > 5);
    expect([plain.socket.protocol, other.socket.protocol]).toEqual(["", "flv"]);
    for (const { socket } of [plain, other]) socket.send(reportOf("a"));
    const before = plain.binaries;
    await until(() => plain.binaries > before + 5);
    expect([plain.texts, other.texts]).toEqual([[], []]);
    for (const { socket } of [plain, other]) socket.close();
    await until(() => server.stopped.length === 2);
    expect(server.stopped.map(({ report }) => report)).toEqual([undefined, undefined]);
  });

  it("carries fragmented MP4 too", async () => {
    const server = await start();
    const viewer = talk(server.url("/live/a.mp4"), ["sluice.v1"]);
    await until(() => viewer.binaries > 2);
    expect(viewer.order.slice(0, 2)).toBe("tb");
    viewer.socket.close();
  });
});

describe("reports with workers", () => {
  it("find the process that has the session, together, and lead nowhere for sessions that there are not", async () => {
    const { createServer } = await builtServer();
    const lines: LogLine[] = [];
    const live = createServer({
      workers: 2,
      waitForPublisherMs: 20_000,
      logger: createLogRecorder(lines),
      http: { host: "127.0.0.1", port: 0 },
      rtmp: false,
    });
    closers.push(() => live.close());
    const stopped: SessionInfo[] = [];
    live.on("stop", (session) => stopped.push(session));
    const { http } = await live.listen();
    const base = `http://127.0.0.1:${http?.port}`;
    const source = startSource(live, "live/a");
    sources.push(source);
    source.run();
    const viewers = await Promise.all([0, 1, 2, 3].map(() => watch(`${base}/live/a.flv`)));
    const begun = (): readonly LogLine[] => lines.filter(({ message }) => message === "play begun");
    await until(() => begun().length === 4);
    // The next connection goes to the first of two that have the same number.
    const [first] = lines.filter(({ message }) => message === "a worker has begun");
    const elsewhere = viewers.filter(({ sid }) =>
      begun().some(({ fields }) => fields.session === sid && fields.pid !== first?.fields.pid),
    );
    expect(elsewhere).toHaveLength(2);
    const [stays, leaves] = elsewhere;
    const tell = async (sid = "", change: object = {}): Promise<number> =>
      (await post(`${base}/api/v1/reports`, reportOf(sid, change))).status;
    leaves?.answer.destroy();
    await until(() => stopped.length === 1);
    // Connections are counted with a delay: whichever process gets one, the report finds its way.
    const statuses = [await tell(stays?.sid, { sn: 2 }), await tell(leaves?.sid, { sn: 3, sta: "q" })];
    expect(statuses.every((status) => status === 202 || status === 204)).toBe(true);
    // In order: once the beacon of the one that has left is there, so is the other's report.
    const last = (): LogLine | undefined => lines.find(({ message }) => message === "a player's last report");
    await until(() => last() !== undefined);
    expect(last()?.fields).toMatchObject({ session: leaves?.sid, report: { sequence: 3, state: "quit" } });
    for (const { answer } of viewers) answer.destroy();
    await until(() => stopped.length === 4);
    expect(stopped.find(({ id }) => id === stays?.sid)?.report).toMatchObject({ sequence: 2, bufferMs: 171 });
    const made = Buffer.alloc(9, 0xee).toString("base64url");
    expect([await tell(made), await tell("no-id")]).toEqual([202, 404]);
    expect(lines.filter(({ level }) => level === "error")).toEqual([]);
  });
});

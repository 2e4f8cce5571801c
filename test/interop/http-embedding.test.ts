import { once } from "node:events";
import {
  createServer as createHttpServer,
  get,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from "node:http";
import { connect as connectHttp2, createServer as createHttp2Server } from "node:http2";
import { createServer as createHttpsServer, get as getHttps } from "node:https";
import type { AddressInfo, Server as NetServer } from "node:net";
import { PassThrough } from "node:stream";
import express from "express";
import { createServer } from "sluice";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import type { ServerOptions } from "../../src/server/index.js";
import {
  firstPackets,
  open,
  readAll,
  type Source,
  startLive,
  startSource,
  type TestLive,
} from "../support/synthetic-live.js";
import { until } from "../support/until.js";

const running: TestLive[] = [];
const sources: Source[] = [];
const hosts: NetServer[] = [];
afterEach(async () => {
  for (const source of sources.splice(0)) source.stop();
  for (const { live } of running.splice(0)) await live.close();
  // All of our connections are gone by now, so a host closes at once.
  for (const host of hosts.splice(0)) await new Promise((resolve) => host.close(resolve));
});

async function start(options: ServerOptions = {}): Promise<TestLive> {
  const server = await startLive({ http: false, ...options });
  running.push(server);
  const source = startSource(server.live, "live/a");
  sources.push(source);
  source.run();
  return server;
}

async function host(listener?: RequestListener): Promise<{ readonly server: Server; readonly base: string }> {
  const server = createHttpServer(listener);
  hosts.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, base: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function textOf(url: string): Promise<string> {
  const answer = await open(url);
  return `${answer.statusCode} ${(await readAll(answer)).toString()}`;
}

async function plays(url: string): Promise<void> {
  const answer = await open(url);
  expect(answer.statusCode).toBe(200);
  expect(await firstPackets(answer, 10)).toHaveLength(10);
}

async function playsWebSocket(url: string): Promise<void> {
  const socket = new WebSocket(url.replace("http", "ws"));
  await once(socket, "message");
  socket.close();
  await once(socket, "close");
}

describe("attach", () => {
  it("takes what is ours from a server whose listeners answer everything, whenever they were added", async () => {
    const { live } = await start();
    const { server, base } = await host((_request, response) => response.end("host"));
    const detach = live.attach(server);
    const alsoHeard: (string | undefined)[] = [];
    server.on("request", (request) => alsoHeard.push(request.url));
    await plays(`${base}/live/a.flv`);
    const mp4 = await open(`${base}/live/a.mp4`);
    expect(mp4.headers["content-type"]).toBe("video/mp4");
    mp4.destroy();
    await playsWebSocket(`${base}/live/a.flv`);
    expect(await textOf(`${base}/api/v1/public/streams`)).toContain('"name":"a"');
    expect(alsoHeard).toEqual([]);
    for (const path of ["/", "/watch/live/a", "/assets/x.js", "/videos/clip.mp4", "/other"]) {
      expect(await textOf(base + path)).toBe("200 host");
    }
    detach();
    expect(await textOf(`${base}/live/a.flv`)).toBe("200 host");
    expect(server.listenerCount("upgrade")).toBe(0);
  });

  it("leaves other WebSockets to their servers, and other upgrades as they were", async () => {
    const { live } = await start();
    const { server, base } = await host((_request, response) => response.end("host"));
    live.attach(server);
    const answer = await new Promise<string>((resolve) => {
      get(`${base}/x`, { headers: { connection: "upgrade", upgrade: "h2c" } }, (got) => {
        void readAll(got).then((body) => resolve(body.toString()));
      });
    });
    expect(answer).toBe("host");
    const others = new WebSocketServer({ server });
    others.on("connection", (socket) => socket.send("theirs"));
    const socket = new WebSocket(`${base.replace("http", "ws")}/theirs`);
    expect(String((await once(socket, "message"))[0])).toBe("theirs");
    socket.close();
    await once(socket, "close");
    await playsWebSocket(`${base}/live/a.flv`);
    others.close();
  });

  it("puts everything below a prefix", async () => {
    const { live } = await start();
    const { server, base } = await host((_request, response) => response.end("host"));
    live.attach(server, { prefix: "/media" });
    await plays(`${base}/media/live/a.flv`);
    await playsWebSocket(`${base}/media/live/a.flv`);
    expect(await textOf(`${base}/live/a.flv`)).toBe("200 host");
    expect(await textOf(`${base}/mediathek`)).toBe("200 host");
    expect(await textOf(`${base}/media/`)).toContain("<html");
    const entered = await open(`${base}/media`);
    expect([entered.statusCode, entered.headers.location]).toEqual([308, "media/"]);
    entered.resume();
  });

  it("answers everything on a server that nobody else listens to", async () => {
    const { live } = await start();
    const { server, base } = await host();
    live.attach(server);
    await plays(`${base}/live/a.flv`);
    expect(await textOf(`${base}/nothing`)).toMatch(/^404 .*not-found/);
    const socket = new WebSocket(`${base.replace("http", "ws")}/nothing`);
    const [, response] = (await once(socket, "unexpected-response")) as [unknown, { statusCode: number }];
    expect(response.statusCode).toBe(404);
  });

  it("lets go of the server when it closes", async () => {
    const server = await start();
    const { server: http, base } = await host((_request, response) => response.end("host"));
    server.live.attach(http);
    const viewer = await open(`${base}/live/a.flv`);
    const ended = readAll(viewer);
    await server.live.close();
    await ended;
    expect(viewer.complete).toBe(true);
    expect(await textOf(`${base}/live/a.flv`)).toBe("200 host");
  });

  it("names a wrong argument", async () => {
    const { live } = await start();
    expect(() => live.attach({} as never)).toThrow(new TypeError("server: must be an HTTP server"));
    const { server } = await host();
    expect(() => live.attach(server, { prefix: "media/" })).toThrow(/^options\.prefix: /);
  });
});

describe("handler and upgrade", () => {
  it("are the listeners of a plain server", async () => {
    const { live } = await start();
    const { server, base } = await host(live.handler);
    server.on("upgrade", live.upgrade);
    await plays(`${base}/live/a.flv`);
    await playsWebSocket(`${base}/live/a.flv`);
    expect(await textOf(`${base}/nothing`)).toMatch(/^404 .*not-found/);
  });

  it("are middleware that knows where it is mounted, more than once", async () => {
    const { live } = await start();
    const app = express();
    app.use("/media", live.handler);
    app.use("/deep/down", live.handler);
    app.use((_request, response) => void response.send("host"));
    const { server, base } = await host(app);
    server.on("upgrade", live.upgrade);
    for (const prefix of ["/media", "/deep/down"]) {
      await plays(`${base}${prefix}/live/a.flv`);
      await playsWebSocket(`${base}${prefix}/live/a.flv`);
      const entered = await open(base + prefix);
      expect([entered.statusCode, entered.headers.location]).toEqual([308, `${prefix.split("/").at(-1)}/`]);
      entered.resume();
    }
    expect(await textOf(`${base}/media/nothing`)).toBe("200 host");
    expect(await textOf(`${base}/live/a.flv`)).toBe("200 host");
  });

  it("write through whoever has wrapped the response", async () => {
    const { live } = await start();
    let through = 0;
    const { base } = await host((request, response) => {
      const body = new PassThrough();
      const { write, end } = response;
      body.on("data", (chunk: Buffer) => {
        through += chunk.length;
        write.call(
          response,
          chunk.map((byte) => byte ^ 0xff),
          "binary",
          () => {},
        );
      });
      body.on("end", () => end.call(response, undefined, "binary", () => {}));
      body.on("drain", () => response.emit("drain"));
      response.write = ((chunk: Uint8Array) => body.write(chunk)) as never;
      response.end = ((chunk?: Uint8Array) => body.end(chunk)) as never;
      live.handler(request, response);
    });
    const answer = await open(`${base}/live/a.flv`);
    const inverted = (async function* () {
      for await (const chunk of answer) yield (chunk as Buffer).map((byte) => byte ^ 0xff);
    })();
    expect(await firstPackets(inverted, 10)).toHaveLength(10);
    expect(through).toBeGreaterThan(0);
  });

  it("serve TLS, HTTP and WebSocket", async () => {
    const { live } = await start();
    // A shared key does for a certificate.
    const psk = { ciphers: "PSK", maxVersion: "TLSv1.2" } as const;
    const server = createHttpsServer({ ...psk, pskCallback: () => Buffer.alloc(16, 1) }, live.handler);
    server.on("upgrade", live.upgrade);
    hosts.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const options = {
      ...psk,
      agent: false,
      pskCallback: () => ({ psk: Buffer.alloc(16, 1), identity: "a" }),
      checkServerIdentity: () => undefined,
    } as const;
    const base = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      getHttps(`https://${base}/live/a.flv`, options, resolve).on("error", reject);
    });
    expect(await firstPackets(answer, 50)).toHaveLength(50);
    const socket = new WebSocket(`wss://${base}/live/a.flv`, options as object);
    await once(socket, "message");
    socket.close();
    await once(socket, "close");
  });

  it("serve HTTP/2", async () => {
    const server = await start({ keepViewersMs: 0 });
    const http2 = createHttp2Server(server.live.handler);
    hosts.push(http2);
    await new Promise<void>((resolve) => http2.listen(0, "127.0.0.1", resolve));
    const client = connectHttp2(`http://127.0.0.1:${(http2.address() as AddressInfo).port}`);
    const [viewer, leaver, missing] = ["/live/a.flv", "/live/a.flv", "/live/b.flv"].map((path) =>
      client.request({ ":path": path }),
    );
    const [headers] = (await once(viewer!, "response")) as [Record<string, string>];
    expect(headers).toMatchObject({ ":status": 200, "content-type": "video/x-flv" });
    expect(headers.connection).toBeUndefined();
    const [refusal] = (await once(missing!, "response")) as [Record<string, string>];
    expect(refusal[":status"]).toBe(404);
    missing!.resume();
    leaver!.close();
    await until(() => server.live.streams()[0]?.viewers === 1);
    const read = (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of viewer!) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks);
    })();
    await until(() => (server.live.streams()[0]?.packets ?? 0) > 50);
    sources[0]?.stop();
    expect((await read).subarray(0, 3).toString()).toBe("FLV");
    client.close();
  });
});

describe("fetch", () => {
  it("answers with a web stream that is ended, left and cut off", async () => {
    const server = await start({ keepViewersMs: 0 });
    const url = "http://any/live/a.flv";
    const answer = await server.live.fetch(new Request(url));
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("video/x-flv");
    expect(await firstPackets(answer.body as never, 10)).toHaveLength(10);
    await until(() => server.live.streams()[0]?.viewers === 0);

    const abort = new AbortController();
    const aborted = await server.live.fetch(new Request(url, { signal: abort.signal }));
    await until(() => server.live.streams()[0]?.viewers === 1);
    abort.abort();
    await expect(aborted.arrayBuffer()).rejects.toThrow();
    await until(() => server.live.streams()[0]?.viewers === 0);

    const whole = await server.live.fetch(new Request(url));
    const body = whole.arrayBuffer();
    await until(() => server.live.streams()[0]?.viewers === 1);
    sources[0]?.stop();
    expect(
      Buffer.from(await body)
        .subarray(0, 3)
        .toString(),
    ).toBe("FLV");
  });

  it("tells the page where to publish", async () => {
    const live = createServer({ rtmp: { port: 0, host: "127.0.0.1" }, http: false, logger: false });
    try {
      const { rtmp } = await live.listen();
      const list = await live.fetch(new Request("http://any/api/v1/public/streams"));
      expect(await list.json()).toEqual({ streams: [], rtmpPort: rtmp?.port });
    } finally {
      await live.close();
    }
  });

  it("answers what has an end, and 404", async () => {
    const { live } = await start();
    const list = await live.fetch(new Request("http://any/api/v1/public/streams"));
    expect(await list.json()).toMatchObject({ streams: [{ app: "live", name: "a" }] });
    const missing = await live.fetch(new Request("http://any/nothing"));
    expect([missing.status, await missing.json()]).toEqual([
      404,
      expect.objectContaining({ error: "not-found" }),
    ]);
    const head = await live.fetch(new Request("http://any/live/a.flv", { method: "HEAD" }));
    expect([head.status, head.body]).toEqual([200, null]);
  });
});

import { afterEach, describe, expect, it } from "vitest";
import type { ServerOptions } from "../../src/server/index.js";
import {
  AUDIO,
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
  VIDEO,
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

describe("HTTP-FLV", () => {
  it("is chunked video/x-flv that no cache, proxy or other site's page is kept from", async () => {
    const server = await start();
    publish(server).run();
    const answer = await open(server.url("/live/a.flv"), { "accept-encoding": "gzip, br" });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers).toMatchObject({
      "content-type": "video/x-flv",
      "transfer-encoding": "chunked",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
      "access-control-allow-origin": "*",
    });
    expect(answer.headers["access-control-expose-headers"]).toContain("X-Sluice-Session");
    expect(answer.headers["x-sluice-session"]).toMatch(/^[\w-]{12}$/);
    expect(answer.headers["content-encoding"]).toBeUndefined();
    const packets = await firstPackets(answer, 40);
    expect(packets[0]).toMatchObject({ key: true, dts: 0, track: { kind: "video" } });
    for (const kind of ["video", "audio"]) {
      const times = packets.filter(({ track }) => track.kind === kind).map(({ dts }) => dts);
      expect(times).toEqual(times.map((_, i) => i * 40_000));
    }
  });

  it("writes each batch as one chunk and ends with the last chunk", async () => {
    const server = await start({ keepViewersMs: 0 });
    const source = publish(server);
    source.frames(3);
    const viewer = openRaw(server.port, ["GET /live/a.flv HTTP/1.1", "Host: a"]);
    await until(() => viewer.text().includes("FLV"));
    source.frames(2);
    await until(() => server.live.streams()[0]?.packets === 10);
    source.stop();
    await viewer.closed;
    const [head = "", ...rest] = viewer.text().split("\r\n\r\n");
    expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    const body = Buffer.from(viewer.text().slice(head.length + 4), "latin1");
    expect(rest.length).toBeGreaterThan(0);
    const { payload, sizes } = unchunk(body);
    expect(packetsOf(payload)).toHaveLength(10);
    expect(sizes.at(-1)).toBe(0);
  });

  it("speaks HTTP/1.0 without chunks", async () => {
    const server = await start({ keepViewersMs: 0 });
    const source = publish(server);
    source.frames(3);
    const viewer = openRaw(server.port, ["GET /live/a.flv HTTP/1.0"]);
    await until(() => viewer.text().includes("FLV"));
    source.frames(2);
    await until(() => server.live.streams()[0]?.packets === 10);
    source.stop();
    await viewer.closed;
    const at = viewer.text().indexOf("\r\n\r\n") + 4;
    expect(viewer.text().slice(0, at).toLowerCase()).not.toContain("transfer-encoding");
    expect(packetsOf(Buffer.from(viewer.text().slice(at), "latin1"))).toHaveLength(10);
  });

  it("leaves out what ?audio=0 and ?video=0 say, and refuses other values with a clear word", async () => {
    const server = await start();
    publish(server).run();
    const video = await firstPackets(await open(server.url("/live/a.flv?audio=0")), 20);
    expect(new Set(video.map(({ track }) => track.kind))).toEqual(new Set(["video"]));
    const audio = await firstPackets(await open(server.url("/live/a.flv?video=0")), 20);
    expect(new Set(audio.map(({ track }) => track.kind))).toEqual(new Set(["audio"]));
    for (const query of ["audio=no", "video=2", "audio=0&video=0", "dialect=klingon"]) {
      const answer = await open(server.url(`/live/a.flv?${query}`));
      expect(answer.statusCode).toBe(400);
      expect(JSON.parse((await readAll(answer)).toString())).toMatchObject({
        error: "query",
        message: expect.stringMatching(/`(audio|video|dialect)/) as string,
      });
    }
  });

  it("writes FourCC tags when asked for the enhanced dialect", async () => {
    const server = await start({ keepViewersMs: 0 });
    const source = publish(server);
    source.frames(2);
    const answer = await open(server.url("/live/a.flv?dialect=enhanced"));
    source.stop();
    const body = await readAll(answer);
    expect(body.includes("avc1")).toBe(true);
    expect(body.includes("mp4a")).toBe(true);
  });

  it("says that a stream has no track of the kind that was asked for", async () => {
    const server = await start();
    publish(server, { tracks: [AUDIO] }).run();
    const answer = await open(server.url("/live/a.flv?audio=0"));
    expect(answer.statusCode).toBe(404);
    expect(JSON.parse((await readAll(answer)).toString())).toMatchObject({ error: "no-tracks" });
  });

  it("serves several streams and apps at once", async () => {
    const server = await start();
    publish(server, { tracks: [VIDEO] }, "live/a").run();
    publish(server, { tracks: [AUDIO] }, "other/deep/b").run();
    const [a, b] = await Promise.all([
      open(server.url("/live/a.flv")).then((answer) => firstPackets(answer, 5)),
      open(server.url("/other/deep/b.flv")).then((answer) => firstPackets(answer, 5)),
    ]);
    expect(a[0]?.track.kind).toBe("video");
    expect(b[0]?.track.kind).toBe("audio");
  });
});

describe("fragmented MP4", () => {
  it("is video/mp4 that begins with its initialization segment", async () => {
    const server = await start({ keepViewersMs: 0 });
    const source = publish(server);
    source.frames(12);
    const answer = await open(server.url("/live/a.mp4"));
    expect(answer.statusCode).toBe(200);
    expect(answer.headers["content-type"]).toBe("video/mp4");
    source.frames(3);
    await until(() => server.live.streams()[0]?.packets === 30);
    source.stop();
    const body = await readAll(answer);
    const types: string[] = [];
    for (let at = 0; at < body.length; at += body.readUInt32BE(at))
      types.push(body.toString("latin1", at + 4, at + 8));
    expect(types.slice(0, 4)).toEqual(["ftyp", "moov", "moof", "mdat"]);
  });
});

describe("methods", () => {
  it("answers HEAD without a viewer", async () => {
    const server = await start({ waitForPublisherMs: 60_000 });
    publish(server).run();
    await until(() => server.live.streams()[0]?.live === true);
    const played: unknown[] = [];
    server.live.on("play", (session) => played.push(session));
    const answer = await open(server.url("/live/a.flv"), {}, "HEAD");
    expect(answer.statusCode).toBe(200);
    expect(answer.headers["content-type"]).toBe("video/x-flv");
    expect(await readAll(answer)).toHaveLength(0);
    const missing = await open(server.url("/live/none.flv"), {}, "HEAD");
    expect(missing.statusCode).toBe(404);
    expect(played).toEqual([]);
    expect(server.live.streams()[0]?.viewers).toBe(0);
  });

  it("answers preflights, and refuses what else there is", async () => {
    const server = await start();
    const preflight = await open(
      server.url("/live/a.flv"),
      {
        origin: "http://b",
        "access-control-request-method": "GET",
        "access-control-request-headers": "authorization",
      },
      "OPTIONS",
    );
    expect(preflight.statusCode).toBe(204);
    expect(preflight.headers["access-control-allow-methods"]).toBe("GET, HEAD, OPTIONS");
    expect(preflight.headers["access-control-allow-headers"]).toMatch(/authorization/i);
    expect(await readAll(preflight)).toHaveLength(0);
    const posted = await open(server.url("/live/a.flv"), {}, "POST");
    expect(posted.statusCode).toBe(405);
    expect(posted.headers.allow).toBe("GET, HEAD, OPTIONS");
  });
});

describe("a viewer who comes first", () => {
  it("gets no header before the publisher is there, and then everything", async () => {
    const server = await start({ waitForPublisherMs: 60_000 });
    const viewer = openRaw(server.port, ["GET /live/a.flv HTTP/1.1", "Host: a"]);
    // A second request is answered while the first waits.
    expect((await open(server.url("/nothing"))).statusCode).toBe(404);
    expect(viewer.text()).toBe("");
    publish(server).run();
    await until(() => viewer.text().includes("FLV"));
    expect(viewer.text()).toMatch(/^HTTP\/1\.1 200 OK/);
    viewer.socket.destroy();
  });

  it("is told with a 404 in JSON that none came", async () => {
    const server = await start({ waitForPublisherMs: 50 });
    const answer = await open(server.url("/live/a.flv"));
    expect(answer.statusCode).toBe(404);
    expect(answer.headers["access-control-allow-origin"]).toBe("*");
    expect(answer.headers["content-type"]).toBe("application/json");
    expect(JSON.parse((await readAll(answer)).toString())).toEqual({
      error: "not-found",
      message: "There is no stream live/a.",
    });
    expect(server.lines.at(-1)).toMatchObject({
      level: "info",
      message: "connection ended",
      fields: { reason: "not-found", protocol: "http-flv" },
    });
  });

  it("leaves nothing behind when it goes before one comes", async () => {
    const server = await start({ waitForPublisherMs: 60_000 });
    const viewer = openRaw(server.port, ["GET /live/a.flv HTTP/1.1", "Host: a"]);
    await open(server.url("/nothing"));
    viewer.socket.end();
    await until(() => server.lines.some(({ fields }) => fields.reason === "client-closed"));
    await viewer.closed;
  });
});

describe("authorize", () => {
  it("is asked with all there is to know before the first byte", async () => {
    const asked: unknown[] = [];
    const server = await start({
      authorize: (request) => {
        asked.push({
          ...request,
          query: request.query.toString(),
          headers: request.headers["x-a"],
          signal: 0,
        });
        return request.query.get("token") === "right" ? true : { allow: false, reason: "wrong token" };
      },
    });
    publish(server).run();
    const refused = await open(server.url("/live/a.flv?token=wrong"), { "x-a": "b", "user-agent": "me" });
    expect(refused.statusCode).toBe(403);
    const body = (await readAll(refused)).toString();
    expect(JSON.parse(body)).toMatchObject({ error: "denied" });
    expect(body).not.toContain("wrong token");
    expect(asked).toEqual([
      {
        action: "play",
        protocol: "http-flv",
        app: "live",
        name: "a",
        query: "token=wrong",
        remoteAddress: "127.0.0.1",
        userAgent: "me",
        headers: "b",
        sessionId: refused.headers["x-sluice-session"],
        traceparent: refused.headers.traceparent,
        signal: 0,
      },
    ]);
    expect(server.lines.at(-1)?.fields).toMatchObject({ reason: "denied", detail: "wrong token" });
    const allowed = await open(server.url("/live/a.flv?token=right"));
    expect(allowed.statusCode).toBe(200);
    allowed.destroy();
  });

  it("refuses when it throws, answers nonsense or answers too late", async () => {
    const signals: AbortSignal[] = [];
    const server = await start({
      authorizeTimeoutMs: 30,
      authorize: ({ name, signal }) => {
        if (name === "throws") throw new Error("out of order");
        if (name === "nonsense") return "yes" as unknown as boolean;
        signals.push(signal);
        return new Promise(() => {});
      },
    });
    for (const name of ["throws", "nonsense", "never"]) {
      publish(server, {}, `live/${name}`).run();
      expect((await open(server.url(`/live/${name}.flv`))).statusCode).toBe(403);
    }
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  });

  it("is told when the viewer goes while it thinks", async () => {
    const signals: AbortSignal[] = [];
    const server = await start({
      authorize: ({ signal }) => {
        signals.push(signal);
        return new Promise(() => {});
      },
    });
    const viewer = openRaw(server.port, ["GET /live/a.flv HTTP/1.1", "Host: a"]);
    await until(() => signals.length === 1);
    viewer.socket.destroy();
    await until(() => signals[0]?.aborted === true);
  });
});

describe("what is no address of ours", () => {
  it("is answered with a JSON 404", async () => {
    const server = await start();
    const paths = [
      "/nothing",
      "/live/a.flv/",
      "/x.flv",
      "/live/%ff.flv",
      "/live/..%2f.flv",
      "/api/a.flv",
      "/watch/a.flv",
    ];
    for (const path of [...paths, `/live/${"a".repeat(300)}.flv`, "/assets/..%2fpackage.json"]) {
      const answer = await open(server.url(path));
      expect([path, answer.statusCode]).toEqual([path, 404]);
      expect(JSON.parse((await readAll(answer)).toString())).toMatchObject({ error: "not-found" });
    }
  });

  it("does not take long addresses, large bodies, or requests that are not HTTP", async () => {
    const server = await start();
    const long = openRaw(server.port, [`GET /${"a".repeat(100_000)} HTTP/1.1`, "Host: a"]);
    await long.closed;
    expect(long.text()).toMatch(/^HTTP\/1\.1 431 /);
    const noise = openRaw(server.port, ["\u0000\u0001\u0002 nonsense"]);
    await noise.closed;
    expect(noise.text()).toMatch(/^HTTP\/1\.1 400 /);
  });
});

function unchunk(body: Buffer): { readonly payload: Buffer; readonly sizes: readonly number[] } {
  const parts: Buffer[] = [];
  const sizes: number[] = [];
  for (let at = 0; at < body.length; ) {
    const line = body.indexOf("\r\n", at);
    const size = Number.parseInt(body.toString("latin1", at, line), 16);
    sizes.push(size);
    parts.push(body.subarray(line + 2, line + 2 + size));
    at = line + 2 + size;
    expect(body.toString("latin1", at, at + 2)).toBe("\r\n");
    at += 2;
  }
  return { payload: Buffer.concat(parts), sizes };
}

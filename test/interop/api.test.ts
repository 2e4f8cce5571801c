import { request } from "node:http";
import { Validator } from "@seriousme/openapi-schema-validator";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { z } from "zod";
import { encodeAmf0 } from "../../src/media/format/amf/amf0.js";
import { AUDIO, DATA_AMF0 } from "../../src/media/wire/rtmp/message.js";
import {
  eventSchemas,
  problemSchema,
  publicStreamsSchema,
  sessionsSchema,
  streamDetailSchema,
  streamsSchema,
  versionSchema,
} from "../../src/server/api/schemas.js";
import type { LiveServer, ServerOptions } from "../../src/server/index.js";
import { builtServer } from "../support/built-server.js";
import { type EventReader, readEvents } from "../support/event-source.js";
import { openRtmpPeer, type RtmpPeer } from "../support/rtmp-peer.js";
import { createLogRecorder, type LogLine } from "../support/rtmp-server.js";
import { until } from "../support/until.js";
import { type Viewer, watchHttp } from "../support/viewers.js";

// The API from outside, of one process and of several that are one.

interface Running {
  readonly live: LiveServer;
  readonly base: string;
  readonly rtmpPort: number;
  readonly lines: readonly LogLine[];
  /** What the log says that the API's token is. */
  readonly token: string;
}

async function start(options: ServerOptions): Promise<Running> {
  const { createServer } = await builtServer();
  const lines: LogLine[] = [];
  const own = { host: "127.0.0.1", port: 0 };
  const live = createServer({
    logger: createLogRecorder(lines),
    keepViewersMs: 0,
    ...options,
    http: own,
    rtmp: own,
    ops: false,
  });
  const { http, rtmp } = await live.listen();
  const token = String(lines.find(({ message }) => message.startsWith("no api.token"))?.fields.token ?? "");
  return { live, base: `http://127.0.0.1:${http?.port}`, rtmpPort: rtmp?.port ?? 0, lines, token };
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** One request with exactly these headers: `fetch` does not let everybody choose Host. */
function ask(
  base: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  method = "GET",
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(base + path, { method, headers, agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
      );
    });
    sent.on("error", reject).end();
  });
}

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
const ADMIN_PATHS = ["streams", "streams/live/a", "sessions", "version", "events", "openapi.json"];

describe.each([1, 2])("the API, workers: %i", (workers) => {
  let running: Running;
  const peers: RtmpPeer[] = [];
  const timers: NodeJS.Timeout[] = [];
  const readers: EventReader[] = [];
  const viewers: Viewer[] = [];
  beforeAll(async () => {
    running = await start({ workers });
  });
  afterAll(async () => {
    for (const timer of timers) clearInterval(timer);
    for (const peer of peers) peer.socket.destroy();
    for (const reader of readers) reader.leave();
    for (const viewer of viewers) viewer.leave();
    await running.live.close();
  });

  const get = (path: string, headers: Record<string, string> = {}): Promise<Answer> =>
    ask(running.base, `/api/v1/${path}`, { ...bearer(running.token), ...headers });

  async function read<S extends z.ZodType>(schema: S, path: string): Promise<z.output<S>> {
    const { status, body } = await get(path);
    expect(status).toBe(200);
    return schema.parse(JSON.parse(body));
  }

  async function follow(path = "events", headers: Record<string, string> = {}): Promise<EventReader> {
    const reader = await readEvents(`${running.base}/api/v1/${path}`, {
      ...bearer(running.token),
      ...headers,
    });
    readers.push(reader);
    return reader;
  }

  /** Publishes sound over RTMP until the test is over. */
  async function publish(name: string): Promise<RtmpPeer> {
    const peer = await openRtmpPeer(running.rtmpPort);
    peers.push(peer);
    await peer.connect("live");
    const id = await peer.createStream();
    await peer.publish(id, name);
    peer.send(
      DATA_AMF0,
      id,
      encodeAmf0(["@setDataFrame", "onMetaData", { hasVideo: false, hasAudio: true }]),
    );
    peer.send(AUDIO, id, Uint8Array.of(0xaf, 0, 0x12, 0x10));
    let n = 0;
    timers.push(
      setInterval(() => {
        if (!peer.closed) peer.send(AUDIO, id, Uint8Array.of(0xaf, 1, 1, n & 0xff, 7), n * 23);
        n += 1;
      }, 10),
    );
    return peer;
  }

  function watch(name: string): Viewer {
    const viewer = watchHttp(`${running.base}/live/${name}.flv`);
    viewers.push(viewer);
    return viewer;
  }

  it("is closed to whoever has no token, and to whoever may not have read the log", async () => {
    for (const path of ADMIN_PATHS) {
      const url = `/api/v1/${path}`;
      const none = await ask(running.base, url);
      expect([path, none.status]).toEqual([path, 401]);
      expect(none.headers["www-authenticate"]).toContain("Bearer");
      expect(problemSchema.parse(JSON.parse(none.body)).error).toBe("token");
      expect((await ask(running.base, url, bearer("wrong"))).status).toBe(401);
      for (const far of [
        { host: "rebind.example" },
        { "x-forwarded-for": "192.0.2.1" },
        { via: "1.1 edge" },
      ] as Record<string, string>[])
        expect([path, far, (await get(path, far)).status]).toEqual([path, far, 403]);
    }
  });

  it("says nothing to other sites' pages", async () => {
    const answer = await get("version", { origin: "https://elsewhere.example" });
    expect(Object.keys(answer.headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
    const preflight = await ask(
      running.base,
      "/api/v1/sessions/x",
      { origin: "https://elsewhere.example" },
      "OPTIONS",
    );
    expect(preflight.status).toBe(405);
    expect(Object.keys(preflight.headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
  });

  it("answers as it says, also what is wrong", async () => {
    const { version } = await read(versionSchema, "version");
    expect(version).toMatch(/^\d+\.\d+\.\d+/);
    expect((await get("nothing")).status).toBe(404);
    expect((await get("streams/live/nobody")).status).toBe(404);
    expect((await get("sessions?limit=0")).status).toBe(400);
    expect((await get("sessions?lmit=1")).status).toBe(400);
    const wrongMethod = await ask(running.base, "/api/v1/streams", bearer(running.token), "POST");
    expect([wrongMethod.status, wrongMethod.headers.allow]).toEqual([405, "GET"]);
  });

  it("tells of streams, publishers and viewers, and ends a viewer", async () => {
    const events = await follow();
    const everybody = await follow("public/events");
    expect((await everybody.next("streams")).data).toEqual({ streams: [] });
    await publish("a");
    await events.next("stream-tracks", ({ name }) => name === "a");
    const viewer = watch("a");
    await until(() => viewer.length > 0);

    const { streams } = await read(streamsSchema, "streams");
    expect(streams).toMatchObject([{ app: "live", name: "a", live: true, codecs: ["mp4a.40.2"] }]);
    const stream = await read(streamDetailSchema, "streams/live/a");
    expect(stream.publisher).toMatchObject({ protocol: "rtmp", action: "publish", app: "live", name: "a" });
    const { streams: visible } = publicStreamsSchema.parse(
      JSON.parse((await ask(running.base, "/api/v1/public/streams")).body),
    );
    expect(visible.map(({ name }) => name)).toEqual(["a"]);

    const { total, sessions } = await read(sessionsSchema, "sessions?action=play&app=live");
    expect(total).toBe(1);
    const [session] = sessions;
    expect(session).toMatchObject({ protocol: "http-flv", name: "a", remoteAddress: "127.0.0.1" });
    expect(session?.counters.bytesOut).toBeGreaterThan(0);
    expect(session?.firstFrameMs).toBeGreaterThanOrEqual(0);
    expect((await read(sessionsSchema, "sessions")).total).toBe(2);
    expect(await read(sessionsSchema, "sessions?limit=1")).toMatchObject({ total: 2, sessions: [{}] });

    const remove = (id: string): Promise<Answer> =>
      ask(running.base, `/api/v1/sessions/${id}`, bearer(running.token), "DELETE");
    expect((await ask(running.base, `/api/v1/sessions/${session?.id}`, {}, "DELETE")).status).toBe(401);
    expect((await remove(session?.id ?? "")).status).toBe(204);
    await expect(viewer.ended).rejects.toThrow();
    const ended = await events.next("session-ended", ({ id }) => id === session?.id);
    expect(ended.data.reason).toBe("kicked");
    expect((await remove(session?.id ?? "")).status).toBe(404);

    const publisher = stream.publisher?.id ?? "";
    expect((await remove(publisher)).status).toBe(204);
    await events.next("stream-ended", ({ name }) => name === "a");
    await events.next("session-ended", ({ id, reason }) => id === publisher && reason === "kicked");
    await everybody.next("stream-ended");
    expect(everybody.events.map(({ type }) => type)).toEqual(["streams", "stream-begun", "stream-ended"]);
    // Nothing about who it was.
    expect(JSON.stringify(everybody.events)).not.toContain("127.0.0.1");
    for (const { type, data } of events.events)
      eventSchemas[type as keyof typeof eventSchemas].parse(data, {
        error: () => `${type}: ${JSON.stringify(data)}`,
      });
    expect(new Set(events.events.map(({ type }) => type))).toEqual(
      new Set(["stream-begun", "stream-tracks", "stream-ended", "session-begun", "session-ended"]),
    );
  });

  it("goes on where a reader was, whoever it asks, and tells of a gap", async () => {
    const first = await follow();
    const second = await follow();
    await publish("b");
    await first.next("stream-tracks", ({ name }) => name === "b");
    const { lastId } = first;
    first.leave();
    const viewer = watch("b");
    await until(() => viewer.length > 0);
    viewer.leave();
    await second.next("session-ended", ({ name }) => name === "b");
    // With several workers the next connection may be another's.
    for (let i = 0; i < 2; i++) {
      const back = await follow("events", { "last-event-id": lastId });
      await back.next("session-ended", ({ name }) => name === "b");
      const after = second.events.slice(second.events.findIndex(({ id }) => id === lastId) + 1);
      await until(() => back.events.length >= after.length);
      expect(back.events.slice(0, after.length)).toEqual(after);
    }
    const lost = await follow("events", { "last-event-id": "aaaaaaaaaaaa-7" });
    expect((await lost.next("gap")).data).toEqual({ lastEventId: "aaaaaaaaaaaa-7" });
  });

  it("gives a browser's EventSource a cookie for the events alone", async () => {
    const answer = await ask(running.base, "/api/v1/events/cookie", bearer(running.token), "POST");
    expect(answer.status).toBe(204);
    const [cookie = ""] = String(answer.headers["set-cookie"]).split(";");
    expect(cookie).not.toContain(running.token);
    const reader = await readEvents(`${running.base}/api/v1/events`, { cookie });
    readers.push(reader);
    expect([reader.status, reader.headers["content-type"]]).toEqual([200, "text/event-stream"]);
    expect((await ask(running.base, "/api/v1/sessions", { cookie })).status).toBe(401);
    expect((await ask(running.base, "/api/v1/events/cookie", { cookie }, "POST")).status).toBe(401);
    // Neither that nor the token is in any log line but the one that told it.
    expect(JSON.stringify(running.lines)).not.toContain(cookie);
    expect(JSON.stringify(running.lines).split(running.token)).toHaveLength(2);
  });
});

describe("the API with a token and no public list", () => {
  it("takes the token from everywhere, and hides what is live", async () => {
    const running = await start({ api: { token: "chosen" }, listStreams: false });
    const far = { ...bearer("chosen"), host: "live.example", "x-forwarded-for": "192.0.2.1" };
    expect((await ask(running.base, "/api/v1/version", far)).status).toBe(200);
    expect(running.token).toBe("");
    expect((await ask(running.base, "/api/v1/public/streams")).status).toBe(404);
    expect((await ask(running.base, "/api/v1/public/events")).status).toBe(404);
    // Who is reading when the server ends is told so by an end in order.
    const reader = await readEvents(`${running.base}/api/v1/events`, bearer("chosen"));
    await running.live.close();
    await until(() => reader.ended);
  });

  it("describes itself in OpenAPI", async () => {
    const running = await start({ api: { token: "chosen" } });
    const { body } = await ask(running.base, "/api/v1/openapi.json", bearer("chosen"));
    await running.live.close();
    const document = JSON.parse(body) as { paths: Record<string, object> };
    const checked = await new Validator().validate(document);
    expect(checked.errors).toBeUndefined();
    expect(checked.valid).toBe(true);
    expect(Object.keys(document.paths)).toHaveLength(12);
  });
});

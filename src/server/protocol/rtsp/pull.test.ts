import { createHash } from "node:crypto";
import { createServer, type Server } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { bye } from "../../../../fuzz/support/rtp.js";
import {
  type RtspPeer,
  type RtspPeerInit,
  sendCamera,
  startRtspPeer,
} from "../../../../test/support/rtsp-peer.js";
import { createRtspPuller, type RtspPuller } from "../../../../test/support/rtsp-puller.js";
import { until } from "../../../../test/support/until.js";
import { readPackets } from "../../../hub/packet-reader.js";
import type { Stream } from "../../../hub/stream.js";
import { PullError } from "../../contract/pull.js";

const PLACE = { app: "live", name: "cam" };

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function peer(init?: RtspPeerInit): Promise<RtspPeer> {
  const started = await startRtspPeer(init);
  closers.push(() => started.close());
  return started;
}

function puller(...args: Parameters<typeof createRtspPuller>): RtspPuller {
  const made = createRtspPuller(...args);
  closers.push(() => made.close());
  return made;
}

const methodsOf = ({ requests }: RtspPeer): string[] => requests.map(({ method }) => method);
const reasonsOf = ({ lines }: RtspPuller): unknown[] =>
  lines.filter(({ message }) => message.includes("asked again")).map(({ fields }) => fields.reason);

describe("pull", () => {
  it.each(["tcp", "udp"] as const)("publishes what a source sends over %s", async (transport) => {
    const source = await peer({ onPlay: (connection) => sendCamera(connection, 10) });
    const { rtsp, hub, packets, events, ended, sessions } = puller({ reportMs: 20, sweepMs: 10 });
    const stop = new AbortController();
    const pull = rtsp.pull({ url: source.url(), place: PLACE, transport, signal: stop.signal });
    await until(() => packets.length === 30);
    expect(hub.stream("live/cam")?.tracks.map(({ codec }) => codec)).toEqual(["avc", "aac"]);
    const times = (kind: string): number[] =>
      packets.filter(({ track }) => track.kind === kind).map(({ pts }) => pts / 1000);
    // Picture and sound were captured together, as the reports say, whatever came first.
    const [first = Number.NaN] = times("video");
    expect(times("video").map((ms) => ms - first)).toEqual([0, 40, 80, 120, 160, 200, 240, 280, 320, 360]);
    expect(
      times("audio")
        .filter((_, i) => i % 2 === 0)
        .map((ms) => ms - first),
    ).toEqual([0, 40, 80, 120, 160, 200, 240, 280, 320, 360]);
    // Reports of both tracks come back to the source.
    const { received } = source.connections[0] ?? { received: [] };
    await until(() => new Set(received.map(({ index }) => index)).size === 2);
    expect(received.every(({ data }) => data[1] === 201)).toBe(true);
    expect(sessions.list()).toMatchObject([
      { protocol: "rtsp", action: "publish", app: "live", name: "cam", remoteAddress: "127.0.0.1" },
    ]);
    stop.abort();
    await pull;
    await until(() => methodsOf(source).includes("TEARDOWN"));
    expect(events).toEqual(["publish live/cam", "unpublish live/cam aborted"]);
    expect(ended).toMatchObject([
      { reason: "aborted", session: { counters: { packetsIn: 30, undecodable: 0 } } },
    ]);
    expect(ended[0]?.session.counters.bytesIn).toBeGreaterThan(1000);
  });

  it("logs in, and tells nobody how", async () => {
    const md5 = (text: string): string => createHash("md5").update(text).digest("hex");
    const source = await peer({
      answer({ method, url, headers }) {
        const given = /response="(\w+)"/.exec(headers.get("authorization") ?? "")?.[1];
        const wanted = md5(`${md5("admin:cam:pa/ss")}:n:${md5(`${method}:${url}`)}`);
        if (method === "OPTIONS" || given === wanted) return undefined;
        return { status: 401, headers: ['WWW-Authenticate: Digest realm="cam", nonce="n"'] };
      },
      onPlay: (connection) => sendCamera(connection, 1),
    });
    const { rtsp, packets, lines } = puller();
    const stop = new AbortController();
    const url = source.url("admin:pa%2Fss");
    const pull = rtsp.pull({ url, place: PLACE, transport: "tcp", signal: stop.signal });
    await until(() => packets.length > 0);
    stop.abort();
    await pull;
    await expect(
      rtsp.pull({ url: source.url("admin:wrong"), place: PLACE, transport: "tcp" }),
    ).rejects.toMatchObject({ name: "PullError", code: "denied", message: expect.stringContaining("401") });
    // Asked once without, and once with what it does not take: never again.
    expect(methodsOf(source).filter((method) => method === "DESCRIBE")).toHaveLength(4);
    const told = JSON.stringify([lines, source.requests.map((request) => request.url)]);
    for (const secret of ["pa/ss", "pa%2Fss", "wrong", "admin"]) expect(told).not.toContain(secret);
  });

  it("asks a source again that was lost, under the same name, and keeps its viewers", async () => {
    const source: RtspPeer = await peer({
      onPlay(connection) {
        sendCamera(connection, 5);
        // Only the first one breaks.
        if (source.connections.length === 1) setTimeout(() => connection.socket.destroy(), 100);
      },
    });
    const { rtsp, hub, packets, events } = puller();
    const stop = new AbortController();
    const pull = rtsp.pull({ url: source.url(), place: PLACE, transport: "tcp", signal: stop.signal });
    await until(() => packets.length === 15);
    const stream = hub.stream("live/cam");
    const viewer = readPackets((sink) =>
      (stream as Stream).subscribe({ format: undefined, selection: { video: true, audio: true }, sink }),
    );
    await until(() => packets.length === 30);
    expect(hub.stream("live/cam")).toBe(stream);
    expect(viewer.reason).toBeUndefined();
    const times: number[] = [];
    for await (const { track, dts } of viewer) {
      if (track.kind === "video") times.push(dts);
      if (times.length === 10) break;
    }
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times).toHaveLength(10);
    expect(events.slice(0, 3)).toEqual([
      "publish live/cam",
      expect.stringMatching(/^unpublish live\/cam client-(closed|reset)$/),
      "publish live/cam",
    ]);
    stop.abort();
    await pull;
  });

  it("ends for good when somebody ends its stream or takes its name", async () => {
    const source = await peer({ onPlay: (connection) => sendCamera(connection, 5) });
    const { rtsp, hub, packets, sessions, ended } = puller({}, { hub: { duplicate: "takeover" } });
    const kicked = rtsp.pull({ url: source.url(), place: PLACE, transport: "tcp" });
    await until(() => packets.length > 0);
    sessions.kick(sessions.list()[0]?.id ?? "");
    await kicked;
    const taken = rtsp.pull({ url: source.url(), place: PLACE, transport: "tcp" });
    await until(() => ended.length === 1 && packets.length > 15);
    hub.publish("live/cam", {});
    await taken;
    expect(ended.map(({ reason }) => reason)).toEqual(["kicked", "taken-over"]);
  });

  it("waits for a name that is in use", async () => {
    const source = await peer({ onPlay: (connection) => sendCamera(connection, 5) });
    const made = puller({}, { hub: { publisherIdleMs: 60_000 } });
    const other = made.hub.publish("live/cam", {});
    const stop = new AbortController();
    const pull = made.rtsp.pull({ url: source.url(), place: PLACE, transport: "tcp", signal: stop.signal });
    await until(() => reasonsOf(made).length === 1);
    expect(reasonsOf(made)).toEqual(["busy"]);
    expect(methodsOf(source)).not.toContain("PLAY");
    other.end("unpublished");
    await until(() => made.packets.length > 0);
    stop.abort();
    await pull;
  });

  it("follows a redirect, with the secret for the same server only", async () => {
    const target = await peer({ onPlay: (connection) => sendCamera(connection, 5) });
    const source = await peer({
      answer: ({ method }) =>
        method === "DESCRIBE" ? { status: 302, headers: [`Location: ${target.url()}`] } : undefined,
    });
    const { rtsp, packets } = puller();
    const stop = new AbortController();
    const url = source.url("admin:secret");
    const pull = rtsp.pull({ url, place: PLACE, transport: "tcp", signal: stop.signal });
    await until(() => packets.length > 0);
    expect(target.requests.some(({ headers }) => headers.has("authorization"))).toBe(false);
    stop.abort();
    await pull;
  });

  const FAULTS: readonly (readonly [string, RtspPeerInit, string])[] = [
    ["answers nothing", { answer: () => "silence" }, "handshake-timeout"],
    [
      "answers nothing to SETUP",
      { answer: ({ method }) => (method === "SETUP" ? "silence" : undefined) },
      "handshake-timeout",
    ],
    ["sends no media", {}, "idle-timeout"],
    [
      "speaks something else",
      {
        answer(_, { socket }) {
          socket.write("HTTP/1.1 400 Bad Request\r\n\r\n");
          return "silence";
        },
      },
      "malformed",
    ],
    [
      "has no such stream",
      { answer: ({ method }) => (method === "DESCRIBE" ? { status: 404 } : undefined) },
      "not-found",
    ],
    ["describes nonsense", { sdp: "v=0\r\n" }, "malformed"],
    [
      "refuses to play",
      { answer: ({ method }) => (method === "PLAY" ? { status: 500 } : undefined) },
      "client-closed",
    ],
    [
      "says goodbye",
      {
        onPlay(connection) {
          sendCamera(connection, 3);
          connection.send(0, "rtcp", bye(0x11111111));
          connection.send(1, "rtcp", bye(0x22222222));
        },
      },
      "client-closed",
    ],
    ["closes the connection", { onPlay: ({ socket }) => void socket.end() }, "client-closed"],
    [
      "sends us round in circles",
      {
        answer: ({ method, url }) =>
          method === "DESCRIBE" ? { status: 301, headers: [`Location: ${url}`] } : undefined,
      },
      "client-closed",
    ],
  ];

  it.each(FAULTS)("tries again when a source %s", async (_, init, reason) => {
    const source = await peer(init);
    // Only what is waited for here comes soon: a machine may be slow.
    const limitOf = (timeout: string): number => (reason === timeout ? 100 : 20_000);
    const made = puller({
      answerTimeoutMs: limitOf("handshake-timeout"),
      idleTimeoutMs: limitOf("idle-timeout"),
      sweepMs: 10,
    });
    const stop = new AbortController();
    const pull = made.rtsp.pull({ url: source.url(), place: PLACE, transport: "tcp", signal: stop.signal });
    await until(() => reasonsOf(made).length >= 1);
    expect(reasonsOf(made)[0]).toBe(reason);
    stop.abort();
    await pull;
    expect(made.lines.filter(({ level }) => level === "error")).toEqual([]);
    expect(made.sessions.size).toBe(0);
  });

  it("tries again where nobody listens, and stops when it is told to", async () => {
    const port = await freePort();
    const made = puller();
    const stop = new AbortController();
    const url = `rtsp://user:hidden@127.0.0.1:${port}/cam`;
    const pull = made.rtsp.pull({ url, place: PLACE, transport: "tcp", signal: stop.signal });
    await until(() => reasonsOf(made).length === 1);
    expect(made.lines[0]?.fields).toMatchObject({
      reason: "client-reset",
      detail: `connection refused: nothing listens on 127.0.0.1 port ${port}`,
      source: `127.0.0.1:${port}`,
    });
    stop.abort();
    await pull;
  });

  it("gives a source up that has nothing to carry", async () => {
    const source = await peer({ sdp: "m=video 0 RTP/AVP 26\r\na=control:x\r\nm=audio 0 RTP/AVP 0\r\n" });
    const { rtsp } = puller();
    await expect(rtsp.pull({ url: source.url(), place: PLACE, transport: "tcp" })).rejects.toThrow(PullError);
  });

  it("is over with the server, whatever it is at", async () => {
    const silent = await peer({ answer: () => "silence" });
    const playing = await peer({ onPlay: (connection) => sendCamera(connection, 5) });
    const sources = [playing, silent].map((source, i) => ({
      url: source.url(),
      stream: `live/${i}`,
      transport: "udp" as const,
    }));
    const nowhere = {
      url: `rtsp://127.0.0.1:${await freePort()}/`,
      stream: "live/nowhere",
      transport: "tcp" as const,
    };
    const made = createRtspPuller({}, { sources: [...sources, nowhere] });
    await made.rtsp.listen?.();
    await until(() => made.packets.length > 0 && silent.requests.length > 0 && reasonsOf(made).length > 0);
    await made.close();
    expect(made.sessions.size).toBe(0);
    expect(made.ended.map(({ reason }) => reason)).toEqual(["shutdown"]);
    await made.rtsp.pull({ url: playing.url(), place: PLACE, transport: "tcp" });
  });

  it("wants an address that is one", async () => {
    const { rtsp } = puller();
    await expect(rtsp.pull({ url: "http://host/", place: PLACE, transport: "tcp" })).rejects.toThrow(
      "url: http://host/: http is not supported here, only rtsp",
    );
  });
});

async function freePort(): Promise<number> {
  const server: Server = createServer();
  await new Promise<void>((done) => void server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as { port: number };
  await new Promise<void>((done) => void server.close(() => done()));
  return port;
}

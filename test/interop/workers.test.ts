import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { encodeAmf0 } from "../../src/media/format/amf/amf0.js";
import { AUDIO, DATA_AMF0 } from "../../src/media/wire/rtmp/message.js";
import type { LiveServer, Packet, ServerOptions } from "../../src/server/index.js";
import { builtServer } from "../support/built-server.js";
import { framehash, type Hashed, publishWithFfmpeg } from "../support/ffmpeg.js";
import { killPrograms } from "../support/program.js";
import { openRtmpPeer, type RtmpPeer } from "../support/rtmp-peer.js";
import { createLogRecorder, type LogLine } from "../support/rtmp-server.js";
import { firstPackets, open, packetsOf, readAll, startSource } from "../support/synthetic-live.js";
import { until } from "../support/until.js";
import { watchHttp, watchWebSocket } from "../support/viewers.js";

// What several processes do together, seen from outside. Each connection goes to the worker with the fewest, the first
// of several: so the tests know which process gets whom, and the log says which it was.

interface Running {
  readonly live: LiveServer;
  readonly lines: readonly LogLine[];
  readonly rtmpPort: number;
  readonly events: readonly string[];
  url(file: string): string;
  /** Process ids of the workers that have begun so far. */
  workers(): readonly number[];
  /** Which process let them in, in the order of the log. */
  pidsOf(message: string): readonly number[];
}

const peers: RtmpPeer[] = [];
const timers: NodeJS.Timeout[] = [];
let running: Running | undefined;
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "test-workers-"));
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const timer of timers.splice(0)) clearInterval(timer);
  for (const peer of peers.splice(0)) peer.socket.destroy();
  await killPrograms();
  await running?.live.close();
  running = undefined;
});

async function start(options: ServerOptions = {}): Promise<Running> {
  const { createServer } = await builtServer();
  const lines: LogLine[] = [];
  const events: string[] = [];
  const live = createServer({
    workers: 2,
    waitForPublisherMs: 20_000,
    logger: createLogRecorder(lines),
    ...options,
    http: { host: "127.0.0.1", port: 0 },
    rtmp: { host: "127.0.0.1", port: 0 },
  });
  for (const event of ["publish", "unpublish"] as const)
    live.on(event, (stream) => events.push(`${event} ${stream.key}`));
  live.on("play", ({ name }) => events.push(`play ${name}`));
  live.on("stop", ({ name, reason }) => events.push(`stop ${name} ${reason}`));
  const { http, rtmp } = await live.listen();
  const pidsOf = (wanted: string): readonly number[] =>
    lines.filter(({ message }) => message === wanted).map(({ fields }) => fields.pid as number);
  running = {
    live,
    lines,
    events,
    rtmpPort: rtmp?.port ?? 0,
    url: (file) => `http://127.0.0.1:${http?.port}/${file}`,
    workers: () => pidsOf("a worker has begun"),
    pidsOf,
  };
  return running;
}

const AAC_CONFIG = Uint8Array.of(0xaf, 0, 0x12, 0x10);

/** Publishes sound over RTMP, a frame every few milliseconds that says who sent it. @returns the status's code */
async function speak(server: Running, name: string, mark: number): Promise<{ peer: RtmpPeer; code: string }> {
  const peer = await openRtmpPeer(server.rtmpPort);
  peers.push(peer);
  await peer.connect("live");
  const id = await peer.createStream();
  const code = await peer.publish(id, name);
  peer.send(DATA_AMF0, id, encodeAmf0(["@setDataFrame", "onMetaData", { hasVideo: false, hasAudio: true }]));
  peer.send(AUDIO, id, AAC_CONFIG);
  let n = 0;
  timers.push(
    setInterval(() => {
      if (!peer.closed) peer.send(AUDIO, id, Uint8Array.of(0xaf, 1, mark, n & 0xff, 7), n * 23);
      n += 1;
    }, 10),
  );
  return { peer, code };
}

/** Which processes have publishers, in their order, once the log says so of all: it comes on a way of its own. */
async function publishersOn(server: Running, count: number): Promise<readonly number[]> {
  await until(() => server.pidsOf("publish begun").length >= count);
  return server.pidsOf("publish begun");
}

/** Whose frames have come so far. */
function marks(body: Buffer): readonly number[] {
  return [...new Set(soFar(body).map(({ data }) => data[0] ?? 0))];
}

/** The packets of the tags that have come whole. */
function soFar(body: Buffer): readonly Packet[] {
  let end = FLV_HEAD;
  while (end + 11 <= body.length && end + 15 + body.readUIntBE(end + 1, 3) <= body.length)
    end += 15 + body.readUIntBE(end + 1, 3);
  return body.length < FLV_HEAD ? [] : packetsOf(body.subarray(0, end));
}

/** The header and the first PreviousTagSize. */
const FLV_HEAD = 13;

function expectForward(packets: readonly Packet[]): void {
  for (const [i, { dts }] of packets.entries())
    if (i > 0) expect(dts).toBeGreaterThanOrEqual(packets[i - 1]!.dts);
}

describe("workers", () => {
  it("play what is published on any of them, each frame and its time the same, over HTTP and WebSocket", async () => {
    const server = await start({ keepViewersMs: 0 });
    const viewers = [0, 1, 2, 3].map((i) =>
      i < 3
        ? watchHttp(server.url("live/a.flv"))
        : watchWebSocket(server.url("live/a.flv").replace("http", "ws")),
    );
    const to = `rtmp://127.0.0.1:${server.rtmpPort}/live/a`;
    const publisher = publishWithFfmpeg("assets/demo.flv", to, ["-t", "4"]);
    await Promise.all(viewers.map(({ ended }) => ended));
    await publisher.output;
    const bodies = viewers.map(({ bytes }) => packetsOf(bytes));
    await until(() => server.pidsOf("play begun").length === 4);
    expect(new Set(server.pidsOf("play begun")).size).toBe(2);
    // Whole, on whichever process; the same times on all of them.
    const file = path.join(folder, "got.flv");
    writeFileSync(file, viewers[0]!.bytes);
    const [original, got] = await Promise.all([framehash("assets/demo.flv"), framehash(file)]);
    for (const kind of ["video", "audio"]) {
      const hashes = (of: Hashed) => of.packets.filter((each) => each.kind === kind).map(({ hash }) => hash);
      expect(hashes(got).length).toBeGreaterThan(100);
      expect(hashes(got)).toEqual(hashes(original).slice(0, hashes(got).length));
    }
    const shown = (packets: readonly Packet[]) =>
      packets.map(({ track, dts, pts, key, data }) => [track.kind, dts, pts, key, data.length, data.at(-1)]);
    for (const packets of bodies) expect(shown(packets)).toEqual(shown(bodies[0] ?? []));
    expect(server.events.filter((event) => event.startsWith("publish"))).toEqual(["publish live/a"]);
    await until(() => server.events.filter((event) => event === "stop a unpublished").length === 4);
    await until(() => server.live.streams().length === 0);
  });

  it("hand the stream over to a publisher on another, and viewers stay", async () => {
    const server = await start({ publish: "takeover" });
    const first = await speak(server, "a", 1);
    expect(first.code).toBe("NetStream.Publish.Start");
    const viewers = [0, 1].map(() => watchHttp(server.url("live/a.flv")));
    const heard = (mark: number): boolean => viewers.every(({ bytes }) => marks(bytes).includes(mark));
    await until(() => heard(1));
    const second = await speak(server, "a", 2);
    expect(second.code).toBe("NetStream.Publish.Start");
    await until(() => first.peer.codes.includes("NetStream.Publish.BadName"));
    await until(() => heard(2));
    const [left, right] = await publishersOn(server, 2);
    expect(left).not.toBe(right);
    for (const { bytes } of viewers) expectForward(soFar(bytes));
    expect(server.events.some((event) => event.startsWith("stop"))).toBe(false);
    await until(() => server.live.streams()[0]?.viewers === 2);
    expect(server.live.streams()).toHaveLength(1);
  });

  it("choose a rendition that any of them has", async () => {
    const server = await start({
      renditions: [
        { name: "1080p", bitrate: "4M", source: true },
        { name: "480p", bitrate: "1.2M" },
      ],
    });
    const played: unknown[] = [];
    server.live.on("play", ({ name, adapted }) => played.push([name, adapted?.asked, adapted?.rendition]));
    await speak(server, "a", 1);
    await speak(server, "a_480p", 2);
    const [left, right] = await publishersOn(server, 2);
    expect(left).not.toBe(right);
    await until(() => server.live.streams().filter(({ live }) => live).length === 2);
    const phone = {
      "user-agent": "Mozilla/5.0 (Linux; Android 10; K) Chrome/131.0.0.0 Mobile Safari/537.36",
    };
    const answers = [
      await open(server.url("live/a.flv"), phone),
      await open(server.url("live/a.flv"), phone),
    ];
    for (const answer of answers) {
      expect(answer.headers["content-location"]).toBe("a_480p.flv");
      const packets = await firstPackets(answer, 3);
      expect(packets.map(({ data }) => data[0])).toEqual([2, 2, 2]);
    }
    // The log and the events come from the workers on a way of their own.
    await until(() => new Set(server.pidsOf("play begun")).size === 2 && played.length === 2);
    expect(played).toEqual([0, 1].map(() => ["a_480p", "a", "480p"]));
  });

  it("refuse a second publisher wherever it comes, and keep viewers for the next one wherever that comes", async () => {
    const server = await start({ keepViewersMs: 20_000 });
    const first = await speak(server, "a", 1);
    const viewers = [0, 1, 2].map(() => watchHttp(server.url("live/a.flv")));
    await until(() => viewers.every(({ bytes }) => marks(bytes).includes(1)));
    // Four connections are open, two on each: one more there makes the next go elsewhere.
    const refused = [await speak(server, "a", 8), await speak(server, "a", 9)];
    for (const { code, peer } of refused) {
      expect(code).toBe("NetStream.Publish.BadName");
      peer.socket.destroy();
    }
    const third = server.live.publish("live/a", [
      {
        id: 2,
        kind: "audio",
        codec: "mp3",
        config: { codec: "mp3", sampleRate: 48_000, numberOfChannels: 2 },
      },
    ]);
    await until(() => third.signal.aborted);
    expect(third.signal.reason).toBe("busy");

    first.peer.socket.destroy();
    await until(() => server.events.includes("unpublish live/a"));
    const second = await speak(server, "a", 2);
    expect(second.code).toBe("NetStream.Publish.Start");
    await until(() => viewers.every(({ bytes }) => marks(bytes).includes(2)));
    for (const { bytes } of viewers) {
      expectForward(soFar(bytes));
      expect(marks(bytes)).toEqual([1, 2]);
    }
  });

  it("take in what the parent publishes, and the parent reads what they take in", async () => {
    const server = await start();
    const source = startSource(server.live, "live/code");
    source.run();
    try {
      const answers = await Promise.all([0, 1].map(() => open(server.url("live/code.flv"))));
      const got = await Promise.all(answers.map((answer) => firstPackets(answer, 30)));
      for (const packets of got) expectForward(packets.filter(({ track }) => track.kind === "video"));
      await until(() => new Set(server.pidsOf("play begun")).size === 2);
    } finally {
      source.stop();
    }
    await speak(server, "room", 5);
    const read: Packet[] = [];
    for await (const packet of server.live.subscribe("live/room", { waitMs: 20_000 })) {
      read.push(packet);
      if (read.length === 20) break;
    }
    expect(read.every(({ data }) => data[0] === 5)).toBe(true);
    const listed = await open(server.url("api/v1/public/streams"));
    const { streams, rtmpPort } = JSON.parse((await readAll(listed)).toString());
    expect(streams).toMatchObject([{ app: "live", name: "room" }]);
    expect(rtmpPort).toBe(server.rtmpPort);
    await until(() => (server.live.streams()[0]?.packets ?? 0) > 20);
  });

  it("lose only their own connections when one is killed, and another takes its place", async () => {
    const server = await start();
    await speak(server, "a", 1);
    const [stays] = await publishersOn(server, 1);
    const viewers = [0, 1, 2].map(() => watchHttp(server.url("live/a.flv")));
    let cutOff = 0;
    for (const { ended } of viewers) {
      ended.catch(() => {
        cutOff += 1;
      });
    }
    await until(() => server.pidsOf("play begun").length === 3);
    const victim = server.workers().find((pid) => pid !== stays)!;
    const hit = server.pidsOf("play begun").filter((pid) => pid === victim).length;
    process.kill(victim, "SIGKILL");
    await until(() => server.workers().length === 3);
    expect(server.events.filter((event) => event === "stop a internal")).toHaveLength(hit);
    await until(() => cutOff === hit);
    const lengths = viewers.map(({ bytes }) => bytes.length);
    await until(() => viewers.filter(({ bytes }, i) => bytes.length > lengths[i]!).length === 3 - hit);
    expect(cutOff).toBe(hit);
    // The new one serves too: it has no connections yet, so the next is its.
    const newcomer = watchHttp(server.url("live/a.flv"));
    await until(() => newcomer.length > 100 && server.pidsOf("play begun").length === 4);
    expect(server.pidsOf("play begun").at(-1)).toBe(server.workers().at(-1));
    await until(() => server.live.streams()[0]?.viewers === 4 - hit);
  });

  it("lose a stream with the process that had its publisher; its viewers are kept for the next", async () => {
    const server = await start({ keepViewersMs: 20_000 });
    await speak(server, "a", 1);
    // The next connection goes to the other process.
    const kept = watchHttp(server.url("live/a.flv"));
    await until(() => marks(kept.bytes).includes(1));
    const [lost] = await publishersOn(server, 1);
    await until(() => server.pidsOf("play begun").length === 1);
    expect(server.pidsOf("play begun")).not.toContain(lost);
    process.kill(lost!, "SIGKILL");
    await until(() => server.events.includes("unpublish live/a"));
    const again = await speak(server, "a", 2);
    expect(again.code).toBe("NetStream.Publish.Start");
    await until(() => marks(kept.bytes).includes(2));
    expectForward(soFar(kept.bytes));
  });

  it("ask the parent who may, and take no answer, or a fault, for a no", async () => {
    const asked: string[] = [];
    const server = await start({
      authorizeTimeoutMs: 300,
      authorize: ({ query, headers, remoteAddress, protocol, signal }) => {
        asked.push(`${protocol} ${query.get("token")} ${headers["x-who"]} ${remoteAddress}`);
        if (query.get("token") === "late") {
          return new Promise((resolve) => signal.addEventListener("abort", () => resolve(true)));
        }
        if (query.get("token") === "fault") throw new Error("no database");
        return query.get("token") === "yes" ? true : { allow: false, reason: "no token" };
      },
    });
    startSource(server.live, "live/a").run();
    const status = async (token: string): Promise<number> => {
      const answer = await open(server.url(`live/a.flv?token=${token}`), { "x-who": "me" });
      answer.destroy();
      return answer.statusCode ?? 0;
    };
    const statuses = await Promise.all(["yes", "no", "late", "fault", "yes", "no"].map(status));
    expect(statuses).toEqual([200, 403, 403, 403, 200, 403]);
    expect(asked).toContain("http-flv yes me 127.0.0.1");
    expect(asked).toHaveLength(6);
    expect(server.lines.some(({ fields }) => fields.detail === "no token")).toBe(true);
    await until(() => new Set(server.pidsOf("connection ended")).size === 2);
  });

  it("get the same number of viewers", async () => {
    const server = await start({ workers: 3 });
    startSource(server.live, "live/a").run();
    const viewers = Array.from({ length: 60 }, () => watchHttp(server.url("live/a.flv")));
    await until(() => server.pidsOf("play begun").length === 60);
    const each = server.workers().map((pid) => server.pidsOf("play begun").filter((of) => of === pid).length);
    expect(each).toEqual([20, 20, 20]);
    await until(() => server.live.streams()[0]?.viewers === 60);
    for (const { leave } of viewers) leave();
    await until(() => server.live.streams()[0]?.viewers === 0);
  });

  it("end in order: viewers with the last chunk, processes and sockets gone", async () => {
    // A folder for temporary files of its own: other servers, of tests beside this, have theirs in the common one.
    const temporary = path.join(folder, "tmp");
    mkdirSync(temporary);
    vi.stubEnv("TMPDIR", temporary);
    const server = await start();
    expect(readdirSync(temporary)).toHaveLength(1);
    await speak(server, "a", 1);
    const viewers = [0, 1, 2].map(() => watchHttp(server.url("live/a.flv")));
    await until(() => viewers.every(({ bytes }) => bytes.length > 100));
    await server.live.close();
    // Settles only for a body that was ended with its last chunk.
    await Promise.all(viewers.map(({ ended }) => ended));
    for (const pid of server.workers()) expect(() => process.kill(pid, 0)).toThrow("ESRCH");
    expect(readdirSync(temporary)).toEqual([]);
    expect(server.lines.filter(({ level }) => level === "error")).toEqual([]);
    await expect(server.live.listen()).rejects.toThrow("closed");
  });

  it("are not left behind by a port that is taken", async () => {
    const server = await start();
    const { createServer } = await builtServer();
    const lines: LogLine[] = [];
    const port = Number(new URL(server.url("")).port);
    const second = createServer({
      workers: 2,
      logger: createLogRecorder(lines),
      http: { host: "127.0.0.1", port },
      rtmp: false,
    });
    await expect(second.listen()).rejects.toMatchObject({ code: "EADDRINUSE" });
    const pids = lines
      .filter(({ message }) => message === "a worker has begun")
      .map(({ fields }) => fields.pid);
    expect(pids).toHaveLength(2);
    for (const pid of pids) expect(() => process.kill(pid as number, 0)).toThrow("ESRCH");
  });

  it("cannot share another server's port", async () => {
    const { createServer } = await builtServer();
    for (const workers of [2, "auto"] as const) {
      const live = createServer({ workers, logger: false });
      const message = `attach: is for one process; options.workers is ${JSON.stringify(workers)}`;
      expect(() => live.attach({} as never)).toThrow(message);
      expect(() => live.handler({} as never, {} as never)).toThrow(TypeError);
      expect(() => live.upgrade({} as never, {} as never, Buffer.alloc(0))).toThrow(TypeError);
      await expect(live.fetch(new Request("http://localhost/"))).rejects.toThrow(TypeError);
      await live.close();
    }
    expect(() => createServer({ workers: 0 })).toThrow("must be a whole number from 1 to 64, or auto");
  });
});

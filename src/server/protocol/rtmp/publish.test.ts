import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { openRtmpPeer, type RtmpPeer } from "../../../../test/support/rtmp-peer.js";
import {
  type RtmpServerInit,
  type RtmpTestServer,
  startRtmpServer,
} from "../../../../test/support/rtmp-server.js";
import { until } from "../../../../test/support/until.js";
import { encodeAmf0 } from "../../../media/format/amf/amf0.js";
import { AUDIO, COMMAND_AMF3, DATA_AMF0, DATA_AMF3, VIDEO } from "../../../media/wire/rtmp/message.js";
import type { AccessRequest } from "../../contract/access.js";
import { expectedKinds } from "./publish.js";

/** AAC-LC, 44,100 Hz, stereo. */
const AAC_CONFIG = Uint8Array.of(0xaf, 0, 0x12, 0x10);
const AAC_FRAME = Uint8Array.of(0xaf, 1, 1, 2, 3);
const AUDIO_ONLY = encodeAmf0(["@setDataFrame", "onMetaData", { hasVideo: false, hasAudio: true }]);

let server: RtmpTestServer | undefined;
const peers: RtmpPeer[] = [];
afterEach(async () => {
  for (const peer of peers.splice(0)) peer.socket.destroy();
  await server?.close();
  server = undefined;
});

async function start(init: RtmpServerInit = {}): Promise<RtmpTestServer> {
  server = await startRtmpServer(init);
  return server;
}

async function connected(app = "live"): Promise<RtmpPeer> {
  const peer = await openRtmpPeer(server!.port);
  peers.push(peer);
  await peer.connect(app);
  return peer;
}

/** Sends what makes an audio-only stream live. */
function sendAudio(peer: RtmpPeer, streamId: number, frames = 3, from = 0): void {
  peer.send(DATA_AMF0, streamId, AUDIO_ONLY);
  peer.send(AUDIO, streamId, AAC_CONFIG, from);
  for (let i = 0; i < frames; i++) peer.send(AUDIO, streamId, AAC_FRAME, from + i * 23);
}

function isLive(name: string): boolean {
  return server!.hub.stream(name)?.live === true;
}

describe("RTMP publish", () => {
  it("hands tracks, packets and metadata to the hub, and counts", async () => {
    const { hub, ended } = await start();
    const peer = await connected();
    const id = await peer.createStream();
    expect(await peer.publish(id, "a")).toBe("NetStream.Publish.Start");
    const before = Date.now() * 1000;
    sendAudio(peer, id, 3);
    await until(() => hub.stream("live/a")?.taken.packets === 3);
    const stream = hub.stream("live/a");
    expect(stream?.tracks.map(({ codec }) => codec)).toEqual(["aac"]);
    expect(stream?.metadata).toEqual({ hasVideo: false, hasAudio: true });
    expect(stream?.anchors[0]?.wall).toBeGreaterThanOrEqual(before);
    peer.end();
    await until(() => ended.length === 1);
    expect(ended[0]).toMatchObject({ reason: "client-closed", session: { action: "publish", packetsIn: 3 } });
    const { bytesIn, bytesOut } = ended[0]!.session as unknown as { bytesIn: number; bytesOut: number };
    expect([bytesIn > 3073, bytesOut > 3073]).toEqual([true, true]);
    expect(hub.stream("live/a")).toBeUndefined();
  });

  it("understands rtmp://h/app/instance/stream?k=v, wherever the client cuts it", async () => {
    const asked: AccessRequest[] = [];
    const { hub } = await start({
      authorize: (request) => {
        asked.push(request);
        return true;
      },
    });
    for (const [app, name] of [
      ["app/instance?w=1", "stream?k=v"],
      ["app", "instance/stream?k=v&w=1"],
      ["app/instance/", "/stream?k=v&w=1"],
      ["", "app/instance/stream?k=v&w=1"],
    ] as const) {
      const peer = await connected(app);
      expect(await peer.publish(await peer.createStream(), name)).toBe("NetStream.Publish.Start");
      peer.end();
      await until(() => hub.streams.length === 0);
    }
    expect(asked.map(({ app, name, query }) => [app, name, query.get("k"), query.get("w")])).toEqual(
      Array(4).fill(["app/instance", "stream", "v", "1"]),
    );
    expect(asked[0]).toMatchObject({
      action: "publish",
      protocol: "rtmp",
      remoteAddress: "127.0.0.1",
      userAgent: "Test/1.0",
    });
  });

  it.each([
    ["..", "segment"],
    ["api/x", "`api` is no app name"],
    ["a\u0000b", "control character"],
    ["x".repeat(300), "longer than 256"],
  ])("refuses the name %j, and the log says why", async (name, why) => {
    const { ended, lines } = await start();
    const peer = await connected(name.startsWith("api") ? "" : "live");
    expect(await peer.publish(await peer.createStream(), name)).toBe("NetStream.Publish.BadName");
    await peer.gone();
    expect(ended.map(({ reason }) => reason)).toEqual(["malformed"]);
    expect(lines.at(-1)?.fields.detail).toContain(why);
  });

  it("asks before Publish.Start, and refuses what is denied, thrown, or late", async () => {
    const { hub, ended } = await start({
      authorize: ({ name }) => {
        if (name === "throws") throw new Error("broken");
        if (name === "late") return new Promise(() => {});
        return { allow: false, reason: "no such token" };
      },
      authorizeTimeoutMs: 50,
    });
    for (const name of ["denied", "throws", "late"]) {
      const peer = await connected();
      const id = await peer.createStream();
      const status = peer.publish(id, name);
      // An impatient encoder: what it sends early must not make a stream.
      sendAudio(peer, id);
      expect(await status).toBe("NetStream.Publish.Denied");
      await peer.gone();
      expect(peer.codes).toEqual(["NetStream.Publish.Denied"]);
    }
    expect(ended.map(({ reason }) => reason)).toEqual(["denied", "denied", "denied"]);
    expect(hub.streams).toEqual([]);
  });

  it("keeps what an impatient encoder sends while it is being authorised", async () => {
    let allow = (_answer: boolean): void => {};
    const { hub } = await start({ authorize: () => new Promise((resolve) => (allow = resolve)) });
    const peer = await connected();
    const id = await peer.createStream();
    const status = peer.publish(id, "a");
    sendAudio(peer, id, 3);
    // The answer to a later command says that all of it has been read.
    await peer.createStream();
    expect(hub.streams).toEqual([]);
    allow(true);
    expect(await status).toBe("NetStream.Publish.Start");
    await until(() => hub.stream("live/a")?.taken.packets === 3);
  });

  it("forgets a publisher that leaves while it is being authorised", async () => {
    let signal: AbortSignal | undefined;
    const { hub, ended } = await start({
      authorize: (request) => {
        signal = request.signal;
        return new Promise(() => {});
      },
    });
    const peer = await connected();
    peer.command(await peer.createStream(), "publish", 0, null, "a", "live");
    await until(() => signal !== undefined);
    peer.socket.destroy();
    await until(() => signal?.aborted === true);
    expect(ended.map(({ reason }) => reason)).toEqual(["client-closed"]);
    expect(hub.streams).toEqual([]);
  });

  it("refuses a second publisher with BadName, and the first goes on", async () => {
    const { hub, ended } = await start();
    const first = await connected();
    const id = await first.createStream();
    await first.publish(id, "a");
    sendAudio(first, id);
    await until(() => isLive("live/a"));
    const second = await connected();
    expect(await second.publish(await second.createStream(), "a")).toBe("NetStream.Publish.BadName");
    await second.gone();
    expect(ended.map(({ reason }) => reason)).toEqual(["busy"]);
    sendAudio(first, id, 3, 100);
    await until(() => hub.stream("live/a")?.taken.packets === 6);
  });

  it("lets a second publisher take over, and tells the first", async () => {
    const { hub, ended } = await start({ hub: { duplicate: "takeover" } });
    const first = await connected();
    const id = await first.createStream();
    await first.publish(id, "a");
    sendAudio(first, id);
    await until(() => isLive("live/a"));
    const second = await connected();
    const secondId = await second.createStream();
    expect(await second.publish(secondId, "a")).toBe("NetStream.Publish.Start");
    await first.gone();
    expect(first.codes).toEqual(["NetStream.Publish.Start", "NetStream.Publish.BadName"]);
    expect(ended.map(({ reason }) => reason)).toEqual(["taken-over"]);
    sendAudio(second, secondId);
    await until(() => isLive("live/a"));
    expect(hub.streams).toHaveLength(1);
  });

  it.each([
    ["deleteStream", (peer: RtmpPeer, id: number) => peer.command(0, "deleteStream", 0, null, id)],
    ["closeStream", (peer: RtmpPeer, id: number) => peer.command(id, "closeStream", 0, null)],
    ["FCUnpublish", (peer: RtmpPeer) => peer.command(0, "FCUnpublish", 7, null, "a")],
  ])("frees the name at %s while the socket stays, and publishes again on it", async (_name, leave) => {
    const { hub, ended } = await start();
    const peer = await connected();
    const id = await peer.createStream();
    await peer.publish(id, "a");
    sendAudio(peer, id);
    await until(() => isLive("live/a"));
    leave(peer, id);
    await until(() => hub.streams.length === 0);
    expect(ended.map(({ reason }) => reason)).toEqual(["client-closed"]);

    const other = await connected();
    expect(await other.publish(await other.createStream(), "a")).toBe("NetStream.Publish.Start");
    other.end();
    await until(() => hub.streams.length === 0);

    const again = await peer.createStream();
    expect(await peer.publish(again, "a")).toBe("NetStream.Publish.Start");
    sendAudio(peer, again);
    await until(() => isLive("live/a"));
    expect(peer.closed).toBe(false);
  });

  it("frees the name when the connection breaks", async () => {
    const { hub, ended } = await start();
    const peer = await connected();
    await peer.publish(await peer.createStream(), "a");
    peer.socket.resetAndDestroy();
    await until(() => hub.streams.length === 0);
    expect(ended.map(({ reason }) => reason)).toEqual(["client-reset"]);
  });

  it("carries several streams on one connection, each with its own record", async () => {
    const { hub, ended } = await start();
    const peer = await connected();
    const ids = [await peer.createStream(), await peer.createStream()];
    for (const [i, id] of ids.entries()) {
      expect(await peer.publish(id, `s${i}`)).toBe("NetStream.Publish.Start");
      sendAudio(peer, id);
    }
    await until(() => isLive("live/s0") && isLive("live/s1"));
    peer.command(0, "deleteStream", 0, null, ids[0]);
    await until(() => hub.streams.length === 1);
    peer.end();
    await until(() => ended.length === 2);
    expect(ended.map(({ session }) => session.name)).toEqual(["s0", "s1"]);
  });

  it("ends a connection that asks again and again, whatever else it does", async () => {
    let asked = 0;
    const { ended } = await start({
      authorize: ({ name }) => {
        asked += 1;
        return name === "a";
      },
    });
    const peer = await connected();
    const id = await peer.createStream();
    await peer.publish(id, "a");
    sendAudio(peer, id);
    const other = await peer.createStream();
    for (let i = 0; i < 200; i++) peer.command(other, "publish", 0, null, `no${i}`, "live");
    await until(() => ended.some(({ session }) => session.name === "a"));
    expect(ended.find(({ session }) => session.name === "a")?.reason).toBe("limit");
    expect(asked).toBeLessThan(40);
  });

  it("leaves out what it cannot decode, counts it, and logs it at most once a second", async () => {
    const { hub, lines, ended } = await start();
    const peer = await connected();
    const id = await peer.createStream();
    await peer.publish(id, "a");
    sendAudio(peer, id);
    const began = performance.now();
    for (let i = 0; i < 50; i++) peer.send(VIDEO, id, Uint8Array.of(0x17, 0, 0, 0, 0, 1, 2));
    sendAudio(peer, id, 3, 100);
    await until(() => hub.stream("live/a")?.taken.packets === 6);
    peer.end();
    await until(() => ended.length === 1);
    expect(ended[0]?.session).toMatchObject({ undecodable: 50, packetsIn: 6 });
    const warnings = lines.filter(({ level }) => level === "warn");
    expect(warnings[0]).toMatchObject({ fields: { remoteAddress: "127.0.0.1", app: "live", name: "a" } });
    // One at once, and one for each whole second that a loaded machine took over it.
    expect(warnings.length).toBeLessThanOrEqual(1 + Math.floor((performance.now() - began) / 1000));
  });

  it("ends a connection whose framing breaks, and logs it once with the address", async () => {
    const { lines, ended } = await start();
    const peer = await connected();
    const id = await peer.createStream();
    await peer.publish(id, "a");
    // Set Chunk Size 0.
    peer.send(1, 0, new Uint8Array(4));
    peer.socket.write(new Uint8Array(4096).fill(0xff));
    await peer.gone();
    await until(() => ended.length === 1);
    expect(["malformed", "limit"]).toContain(ended[0]?.reason);
    const about = lines.filter(({ fields }) => fields.reason !== undefined);
    expect(about).toHaveLength(1);
    expect(about[0]).toMatchObject({ level: "info", fields: { remoteAddress: "127.0.0.1" } });
    expect(about[0]?.fields.detail).toMatch(/./);
    expect(lines.some(({ level }) => level === "error")).toBe(false);
  });

  it("publishes for a client that speaks AMF3", async () => {
    const { hub } = await start();
    const peer = await openRtmpPeer(server!.port);
    peers.push(peer);
    const answer = await peer.connect("live", { objectEncoding: 3 });
    expect(answer.args[0]).toMatchObject({ code: "NetConnection.Connect.Success", objectEncoding: 3 });
    const id = await peer.createStream();
    const amf3 = (values: Uint8Array): Uint8Array => Uint8Array.of(0, ...values);
    const status = peer.status();
    peer.send(COMMAND_AMF3, id, amf3(encodeAmf0(["publish", 0, null, "a", "live"])));
    expect(await status).toBe("NetStream.Publish.Start");
    peer.send(DATA_AMF3, id, amf3(AUDIO_ONLY));
    peer.send(AUDIO, id, AAC_CONFIG);
    peer.send(AUDIO, id, AAC_FRAME);
    await until(() => hub.stream("live/a")?.taken.packets === 1);
    expect(hub.stream("live/a")?.metadata).toEqual({ hasVideo: false, hasAudio: true });
  });

  it("ends a publisher in order at shutdown", async () => {
    const running = await start();
    const peer = await connected();
    await peer.publish(await peer.createStream(), "a");
    const closing = running.close();
    await peer.gone();
    await closing;
    expect(peer.codes).toEqual(["NetStream.Publish.Start", "NetStream.Unpublish.Success"]);
    expect(running.ended.map(({ reason }) => reason)).toEqual(["shutdown"]);
    expect(running.sessions.size).toBe(0);
  });

  it("ends a publisher that an operator kicks", async () => {
    const { sessions, ended } = await start();
    const peer = await connected();
    await peer.publish(await peer.createStream(), "a");
    const [session] = sessions.list();
    expect(sessions.kick(session!.id)).toBe(true);
    await peer.gone();
    expect(ended.map(({ reason }) => reason)).toEqual(["kicked"]);
  });

  it("ends a publisher that sends nothing", async () => {
    const { ended } = await start({ rtmp: { idleTimeoutMs: 100 } });
    const peer = await connected();
    await peer.publish(await peer.createStream(), "a");
    await peer.gone();
    expect(peer.codes).toEqual(["NetStream.Publish.Start", "NetStream.Publish.Idle"]);
    expect(ended.map(({ reason }) => reason)).toEqual(["idle-timeout"]);
  });
});

describe("RTMP connections that lead nowhere", () => {
  it("are closed after the handshake timeout, whatever they have sent", async () => {
    const { port, ended } = await start({ rtmp: { handshakeTimeoutMs: 100 } });
    const halves = [
      new Uint8Array(0),
      Uint8Array.of(3),
      new Uint8Array(1000).fill(3),
      new Uint8Array(1537).fill(3),
    ];
    const sockets = halves.map((bytes) => {
      const socket = connect(port, "127.0.0.1").on("error", () => {});
      socket.resume().write(bytes);
      return socket;
    });
    const idle = await connected();
    await until(() => ended.length === 5 && sockets.every((socket) => socket.closed) && idle.closed);
    expect(ended.map(({ reason }) => reason)).toEqual(Array(5).fill("handshake-timeout"));
  });

  it("are closed at once when they speak something else", async () => {
    const { port, ended } = await start();
    const socket = connect(port, "127.0.0.1").on("error", () => {});
    socket.resume().write("GET / HTTP/1.1\r\n\r\n");
    await until(() => socket.closed && ended.length === 1);
    expect(ended.map(({ reason }) => reason)).toEqual(["malformed"]);
  });

  it("are refused when the server is full", async () => {
    await start({ maxConnections: 1 });
    await connected();
    const socket = connect(server!.port, "127.0.0.1").on("error", () => {});
    socket.resume();
    await until(() => socket.closed);
    expect(server!.sessions.size).toBe(1);
  });

  it("may not ask forever without reading the answers", async () => {
    const { sessions } = await start();
    const peer = await connected();
    peer.socket.pause();
    // Each question of 30 kB is answered with as much: 60 MB, which no socket's buffers hold.
    const name = "x".repeat(30_000);
    for (let i = 0; i < 2_000; i++) peer.command(0, "FCPublish", 10 + i, null, name);
    const { counters } = sessions.list()[0]!;
    let before = -1;
    while (counters.bytesOut !== before) {
      before = counters.bytesOut;
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    expect(counters.bytesOut).toBeGreaterThan(1_000_000);
    expect(counters.bytesOut).toBeLessThan(30_000_000);
  });

  it("leave nothing behind, and viewers and publishers unharmed", async () => {
    const { port, ended, hub, sessions } = await start({ maxConnections: 1000 });
    const publisher = await connected();
    const id = await publisher.createStream();
    await publisher.publish(id, "a");
    let seed = 1;
    const noise = Uint8Array.from({ length: 5000 }, () => {
      seed = (seed * 48271) % 0x7fffffff;
      return seed & 0xff;
    });
    const COUNT = 200;
    for (let i = 0; i < COUNT; i++) {
      const socket = connect(port, "127.0.0.1").on("error", () => {});
      socket.resume();
      if (i % 4 === 0) socket.write(noise.subarray(i));
      if (i % 4 === 1) socket.write(Uint8Array.of(3, ...noise.subarray(i, i + 3500)));
      if (i % 4 === 2) socket.write(Uint8Array.of(3, ...noise.subarray(i, i + 700)));
      setTimeout(() => (i % 2 === 0 ? socket.end() : socket.resetAndDestroy()), i % 50);
    }
    await until(() => ended.length === COUNT);
    sendAudio(publisher, id);
    await until(() => hub.stream("live/a")?.live === true);
    expect(sessions.size).toBe(1);
  });
});

describe("expectedKinds", () => {
  it.each([
    [
      { hasVideo: true, hasAudio: false, audiocodecid: 10 },
      { video: true, audio: false },
    ],
    [
      { videocodecid: 7, audiocodecid: 10 },
      { video: true, audio: true },
    ],
    [
      { videocodecid: "avc1", audiocodecid: "mp4a" },
      { video: true, audio: true },
    ],
    [
      { videocodecid: 7, audiocodecid: 0, width: 320 },
      { video: true, audio: false },
    ],
    [{ audiosamplerate: 44100 }, { video: false, audio: true }],
    [{ encoder: "Lavf" }, undefined],
    [{ hasVideo: false, hasAudio: false }, undefined],
  ])("of %j is %j", (metadata, kinds) => {
    expect(expectedKinds(metadata)).toEqual(kinds);
  });
});

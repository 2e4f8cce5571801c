import { afterEach, describe, expect, it } from "vitest";
import { hasEvent, openRtmpPeer, type RtmpPeer } from "../../../../test/support/rtmp-peer.js";
import {
  type RtmpServerInit,
  type RtmpTestServer,
  startRtmpServer,
} from "../../../../test/support/rtmp-server.js";
import { until } from "../../../../test/support/until.js";
import type { Publisher } from "../../../hub/publisher.js";
import type { AudioTrack, Track, VideoTrack } from "../../../media/model/track.js";
import {
  AUDIO,
  DATA_AMF0,
  EVENT_PING_REQUEST,
  EVENT_PING_RESPONSE,
  EVENT_STREAM_EOF,
  USER_CONTROL,
  VIDEO,
} from "../../../media/wire/rtmp/message.js";

const AAC: AudioTrack = {
  id: 2,
  kind: "audio",
  codec: "aac",
  config: {
    codec: "mp4a.40.2",
    description: Uint8Array.of(0x12, 0x10),
    sampleRate: 44100,
    numberOfChannels: 2,
    samplesPerFrame: 1024,
  },
};
const AVC: VideoTrack = {
  id: 1,
  kind: "video",
  codec: "avc",
  config: {
    codec: "avc1.42c01e",
    description: Uint8Array.of(1, 0x42, 0xc0, 0x1e, 0xff, 0xe1, 0, 0, 0),
    codedWidth: 320,
    codedHeight: 240,
    nalLengthSize: 4,
  },
};

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

function publish(name: string, tracks: readonly Track[] = [AVC, AAC]): Publisher {
  const publisher = server!.hub.publish(name);
  for (const track of tracks) publisher.track(track);
  return publisher;
}

/** Writes frames: of video, the first of every ten is a key frame. @param size bytes in each */
function write(publisher: Publisher, track: Track, count: number, from = 0, size = 8): void {
  for (let i = from; i < from + count; i++) {
    const at = i * 40_000;
    const key = track.kind === "audio" || i % 10 === 0;
    const data = new Uint8Array(size).fill(i);
    publisher.write({ track, dts: at, pts: at, key, data, receivedAt: Date.now() * 1000 });
  }
}

function media(
  peer: RtmpPeer,
  type: number,
): readonly { timestamp: number; body: Uint8Array; streamId: number }[] {
  return peer.messages.filter((message) => message.type === type);
}

describe("RTMP play", () => {
  it("sends Play.Start, metadata and configurations, then the cached group and what follows", async () => {
    const { ended, sessions } = await start();
    const publisher = publish("live/a");
    write(publisher, AVC, 5);
    const peer = await connected();
    expect(await peer.play(await peer.createStream(), "a")).toBe("NetStream.Play.Start");
    await until(() => media(peer, VIDEO).length === 6);
    write(publisher, AVC, 3, 5);
    write(publisher, AAC, 1, 8);
    await until(() => media(peer, VIDEO).length === 9 && media(peer, AUDIO).length === 2);
    expect(peer.codes).toEqual(["NetStream.Play.Reset", "NetStream.Play.Start"]);
    const [config, ...frames] = media(peer, VIDEO);
    expect(config?.body.subarray(0, 2)).toEqual(Uint8Array.of(0x17, 0));
    expect(frames.map(({ timestamp }) => timestamp)).toEqual([0, 40, 80, 120, 160, 200, 240, 280]);
    expect(frames.map(({ body }) => body[0])).toEqual([0x17, ...Array(7).fill(0x27)]);
    expect(media(peer, AUDIO).map(({ body }) => body[1])).toEqual([0, 1]);
    expect(media(peer, DATA_AMF0).length).toBeGreaterThan(0);
    expect(new Set(media(peer, VIDEO).map(({ streamId }) => streamId))).toEqual(new Set([1]));
    expect(sessions.list()[0]).toMatchObject({ action: "play", app: "live", name: "a" });
    peer.end();
    await until(() => ended.length === 1);
    expect(ended[0]).toMatchObject({ reason: "client-closed" });
  });

  it("labels the messages for a player on another message stream", async () => {
    await start();
    const publisher = publish("live/a");
    write(publisher, AVC, 1);
    const peer = await connected();
    await peer.createStream();
    const id = await peer.createStream();
    await peer.play(id, "a");
    write(publisher, AVC, 2, 1, 70_000);
    await until(() => media(peer, VIDEO).length === 4);
    expect(new Set(media(peer, VIDEO).map(({ streamId }) => streamId))).toEqual(new Set([id]));
    expect(media(peer, VIDEO).map(({ body }) => body.length)).toEqual([14, 13, 70_005, 70_005]);
  });

  it("publishes and plays on one connection", async () => {
    const { hub } = await start();
    const publisher = publish("live/a", [AAC]);
    publisher.describe({}, { video: false, audio: true });
    const peer = await connected();
    const out = await peer.createStream();
    const back = await peer.createStream();
    expect(await peer.publish(out, "b")).toBe("NetStream.Publish.Start");
    expect(await peer.play(back, "a")).toBe("NetStream.Play.Start");
    write(publisher, AAC, 3);
    peer.send(AUDIO, out, Uint8Array.of(0xaf, 0, 0x12, 0x10));
    peer.send(AUDIO, out, Uint8Array.of(0xaf, 1, 7));
    await until(
      () => media(peer, AUDIO).length === 4 && hub.stream("live/b")?.publisher?.tracks.length === 1,
    );
    peer.command(0, "deleteStream", 0, null, back);
    await until(() => hub.stream("live/a")?.readers === 0);
    expect(hub.stream("live/b")?.publisher).toBeDefined();
  });

  it("waits for the publisher", async () => {
    const { hub } = await start();
    const peer = await connected();
    const id = await peer.createStream();
    const status = peer.play(id, "a");
    // The answer to a later command says that play was read.
    await peer.createStream();
    const publisher = hub.publish("live/a");
    publisher.track(AVC);
    publisher.track(AAC);
    write(publisher, AVC, 1);
    expect(await status).toBe("NetStream.Play.Start");
    await until(() => media(peer, VIDEO).length === 2);
  });

  it("says StreamNotFound when no publisher comes in time, and closes", async () => {
    const { ended } = await start({ rtmp: { waitForPublisherMs: 50 } });
    const peer = await connected();
    expect(await peer.play(await peer.createStream(), "a")).toBe("NetStream.Play.StreamNotFound");
    await peer.gone();
    expect(ended.map(({ reason }) => reason)).toEqual(["not-found"]);
  });

  it("stops waiting for a player that leaves", async () => {
    const { ended, hub } = await start({ rtmp: { waitForPublisherMs: 3_600_000 } });
    const peer = await connected();
    peer.command(await peer.createStream(), "play", 0, null, "a");
    await peer.createStream();
    peer.end();
    await until(() => ended.length === 1);
    const publisher = publish("live/a");
    write(publisher, AVC, 1);
    expect(hub.stream("live/a")?.readers).toBe(0);
    expect(ended[0]?.reason).toBe("client-closed");
  });

  it("asks before the first byte, and tells a viewer nothing about why not", async () => {
    const { ended } = await start({ authorize: () => ({ allow: false, reason: "secret policy" }) });
    write(publish("live/a"), AVC, 1);
    const peer = await connected();
    expect(await peer.play(await peer.createStream(), "a?token=x")).toBe("NetStream.Play.Failed");
    await peer.gone();
    expect(media(peer, VIDEO)).toEqual([]);
    expect(peer.messages.some(({ body }) => Buffer.from(body).includes("secret"))).toBe(false);
    expect(ended).toMatchObject([{ reason: "denied", session: { detail: "secret policy" } }]);
  });

  it("leaves out a kind of track where the query says so", async () => {
    const { ended } = await start();
    const publisher = publish("live/a");
    write(publisher, AVC, 1);
    const peer = await connected();
    await peer.play(await peer.createStream(), "a?video=0");
    write(publisher, AAC, 3);
    await until(() => media(peer, AUDIO).length === 4);
    expect(media(peer, VIDEO)).toEqual([]);
    const nothing = await connected();
    expect(await nothing.play(await nothing.createStream(), "a?video=0&audio=0")).toBe(
      "NetStream.Play.Failed",
    );
    await until(() => ended.length === 1);
    expect(ended[0]?.reason).toBe("no-tracks");
  });

  it("sends nothing while paused, and goes on with a key frame", async () => {
    await start();
    const publisher = publish("live/a");
    write(publisher, AVC, 1);
    const peer = await connected();
    const id = await peer.createStream();
    await peer.play(id, "a");
    await until(() => media(peer, VIDEO).length === 2);
    const notified = peer.status();
    peer.command(id, "pause", 0, null, true, 0);
    expect(await notified).toBe("NetStream.Pause.Notify");
    write(publisher, AVC, 12, 1);
    await peer.createStream();
    expect(media(peer, VIDEO)).toHaveLength(2);
    const going = peer.status();
    peer.command(id, "pause", 0, null, false, 0);
    expect(await going).toBe("NetStream.Unpause.Notify");
    write(publisher, AVC, 9, 13);
    await until(() => media(peer, VIDEO).some(({ timestamp }) => timestamp === 21 * 40));
    expect(
      media(peer, VIDEO)
        .slice(2)
        .map(({ timestamp }) => timestamp),
    ).toEqual([800, 840]);
  });

  it("ends in order when the publisher stays away", async () => {
    const { ended } = await start({ hub: { keepViewersMs: 0 } });
    const publisher = publish("live/a");
    write(publisher, AVC, 3);
    const peer = await connected();
    await peer.play(await peer.createStream(), "a");
    publisher.end("client-closed");
    await peer.gone();
    expect(peer.codes.slice(-2)).toEqual(["NetStream.Play.UnpublishNotify", "NetStream.Play.Stop"]);
    expect(hasEvent(peer, EVENT_STREAM_EOF)).toBe(true);
    expect(media(peer, VIDEO)).toHaveLength(4);
    expect(ended.map(({ reason }) => reason)).toEqual(["unpublished"]);
  });

  it("ends in order at shutdown, waiting players included", async () => {
    const running = await start();
    write(publish("live/a"), AVC, 3);
    const peer = await connected();
    await peer.play(await peer.createStream(), "a");
    const waiting = await connected();
    waiting.command(await waiting.createStream(), "play", 0, null, "b");
    await waiting.createStream();
    const closing = running.close();
    await peer.gone();
    await waiting.gone();
    await closing;
    expect(peer.codes.at(-1)).toBe("NetStream.Play.Stop");
    expect(running.ended.map(({ reason }) => reason)).toEqual(["shutdown", "shutdown"]);
    expect(running.sessions.size).toBe(0);
  });

  it("closes a viewer that takes nothing, and nobody else notices", async () => {
    const { ended } = await start({ hub: { stallTimeoutMs: 100, maxLagMs: 200 } });
    const publisher = publish("live/a");
    write(publisher, AVC, 1);
    const stalled = await connected();
    await stalled.play(await stalled.createStream(), "a");
    const healthy = await connected();
    await healthy.play(await healthy.createStream(), "a");
    stalled.socket.pause();
    let frame = 1;
    // 1 MB every turn, until the stalled one's buffers are full and its time is up.
    while (ended.length === 0) {
      write(publisher, AVC, 1, frame++, 1_000_000);
      await until(() => media(healthy, VIDEO).some(({ timestamp }) => timestamp === (frame - 1) * 40));
    }
    expect(ended[0]?.reason).toBe("too-slow");
    expect(ended).toHaveLength(1);
    const times = media(healthy, VIDEO).map(({ timestamp }) => timestamp);
    expect(times.slice(1)).toEqual(Array.from({ length: frame }, (_, i) => i * 40));
  });

  it("asks a silent player whether it is there, and closes one that does not answer", async () => {
    const { ended, skip } = await start();
    const publisher = publish("live/a");
    write(publisher, AVC, 1);
    const answering = await connected();
    await answering.play(await answering.createStream(), "a");
    const dead = await connected();
    await dead.play(await dead.createStream(), "a");
    skip(31_000);
    await until(() => hasEvent(dead, EVENT_PING_REQUEST) && hasEvent(answering, EVENT_PING_REQUEST));
    const ping = answering.messages.find(
      ({ type, body }) => type === USER_CONTROL && body[1] === EVENT_PING_REQUEST,
    );
    answering.send(USER_CONTROL, 0, Uint8Array.of(0, EVENT_PING_RESPONSE, ...ping!.body.subarray(2)));
    // The answer to a later command says that it was read.
    await answering.createStream();
    skip(31_000);
    await dead.gone();
    expect(ended.map(({ reason }) => reason)).toEqual(["idle-timeout"]);
    expect(answering.closed).toBe(false);
  });

  it("answers a client that pings", async () => {
    await start();
    const peer = await connected();
    peer.send(USER_CONTROL, 0, Uint8Array.of(0, EVENT_PING_REQUEST, 1, 2, 3, 4));
    await until(() => hasEvent(peer, EVENT_PING_RESPONSE));
  });
});

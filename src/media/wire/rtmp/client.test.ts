import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { SentReader, SIMPLE_HANDSHAKE, TestPeer, testCrypto } from "../../../../fuzz/support/rtmp.js";
import { fromHex, toHex } from "../../bytes/bytes.js";
import { ByteQueue } from "../../bytes/queue.js";
import type { AmfValue } from "../../format/amf/value.js";
import { OUR_CAPABILITIES } from "./capabilities.js";
import { createRtmpClientConnection } from "./client.js";
import type { RtmpClientConnection, RtmpClientOptions, RtmpFailure } from "./client-types.js";
import { createRtmpServerConnection } from "./server.js";
import type { RtmpRequest } from "./server-request.js";

let events: unknown[];
let failures: RtmpFailure[];
let sent: SentReader;
let client: RtmpClientConnection;
let peer: TestPeer;

function open(mode: "publish" | "play", options: Partial<RtmpClientOptions> = {}): void {
  events = [];
  failures = [];
  sent = new SentReader(SIMPLE_HANDSHAKE.length);
  peer = new TestPeer();
  client = createRtmpClientConnection(
    { crypto: testCrypto(1), mode, tcUrl: "rtmp://host/live", app: "live", name: "cam?k=v", ...options },
    {
      send: (bytes) => sent.push(bytes),
      ready: (streamId) => events.push(["ready", streamId]),
      media: (type, timestamp, body) => events.push([type, timestamp, toHex(body)]),
      status: ({ code }) => events.push(["status", code]),
      failed: (failure) => failures.push(failure),
    },
  );
  client.start();
  client.push(SIMPLE_HANDSHAKE, 0);
}

/** Sends what the peer has written, and gives the commands that came back. */
function exchange(): unknown[][] {
  client.push(peer.finish(), 0);
  return sent
    .take()
    .filter(({ command }) => command !== undefined)
    .map(({ command, streamId }) => [
      command?.name,
      command?.transactionId,
      streamId,
      ...(command?.args ?? []),
    ]);
}

const status = (level: string, code: string): AmfValue => ({ level, code, description: "why" });

/** Up to publish or play. */
function goOn(): void {
  exchange();
  peer.command(0, "_result", 1, {}, status("status", "NetConnection.Connect.Success"));
  exchange();
  peer.command(0, "_result", 4, null, 7);
}

describe("a client that publishes", () => {
  beforeEach(() => open("publish"));

  it("connects, creates a stream and publishes on it", () => {
    client.push(peer.finish(), 0);
    const [connect] = sent.take();
    expect(connect?.command).toMatchObject({ name: "connect", transactionId: 1 });
    expect(connect?.command?.object).toMatchObject({
      app: "live",
      tcUrl: "rtmp://host/live",
      objectEncoding: 0,
    });
    expect(connect?.command?.object).not.toHaveProperty("fourCcList");

    peer.command(0, "_result", 1, {}, status("status", "NetConnection.Connect.Success"));
    expect(exchange()).toEqual([
      ["releaseStream", 2, 0, "cam?k=v"],
      ["FCPublish", 3, 0, "cam?k=v"],
      ["createStream", 4, 0],
    ]);
    peer.command(0, "_error", 2, null, status("error", "x")).command(0, "_result", 4, null, 7);
    expect(exchange()).toEqual([["publish", 5, 7, "cam?k=v", "live"]]);
    expect(client.isReady).toBe(false);
    expect(() => client.sendMedia(9, 0, fromHex("aa"))).toThrow(TypeError);

    peer.command(7, "onStatus", 0, null, status("status", "NetStream.Publish.Start"));
    exchange();
    expect(events.at(-1)).toEqual(["ready", 7]);
    client.sendMedia(9, 5, fromHex("aa"));
    expect(sent.take()).toMatchObject([{ type: 9, timestamp: 5, streamId: 7 }]);

    client.close();
    expect(sent.take().map(({ command }) => [command?.name, ...(command?.args ?? [])])).toEqual([
      ["FCUnpublish", "cam?k=v"],
      ["deleteStream", 7],
    ]);
    expect(client.isReady).toBe(false);
  });

  it("states its capabilities", () => {
    open("publish", { capabilities: OUR_CAPABILITIES });
    client.push(peer.finish(), 0);
    expect(sent.take()[0]?.command?.object).toMatchObject({
      fourCcList: OUR_CAPABILITIES.fourCcList,
      capsEx: 4,
    });
  });

  it("says why it did not come to a stream", () => {
    peer.command(0, "_error", 1, null, status("error", "NetConnection.Connect.Rejected"));
    exchange();
    open("publish");
    goOn();
    peer.command(7, "onStatus", 0, null, status("error", "NetStream.Publish.BadName"));
    exchange();
    expect(failures).toEqual([
      { reason: "publish-rejected", level: "error", code: "NetStream.Publish.BadName", description: "why" },
    ]);
    expect(exchange()).toEqual([]);
    expect(failures).toHaveLength(1);
  });

  it("fails with a reason at each step", () => {
    const steps: [string, () => void][] = [
      ["connect-rejected", () => peer.command(0, "_error", 1, null, status("error", "a"))],
      ["connect-rejected", () => peer.command(0, "onStatus", 0, null, status("error", "a"))],
      [
        "stream-refused",
        () => peer.command(0, "_result", 1, {}, null).command(0, "_error", 4, null, status("error", "a")),
      ],
      ["stream-refused", () => peer.command(0, "_result", 1, {}, null).command(0, "_result", 4, null, null)],
      [
        "publish-rejected",
        () => {
          goOn();
          peer.command(0, "_error", 5, null, status("error", "a"));
        },
      ],
      [
        "ended",
        () => {
          goOn();
          peer.command(7, "onStatus", 0, null, status("status", "NetStream.Publish.Start"));
          peer.command(7, "onStatus", 0, null, status("status", "NetStream.Unpublish.Success"));
        },
      ],
      ["ended", () => peer.command(0, "close", 0, null)],
    ];
    for (const [reason, act] of steps) {
      open("publish");
      act();
      exchange();
      expect(failures.map((failure) => failure.reason)).toEqual([reason]);
    }
  });

  it("hands a redirect on", () => {
    const info: AmfValue = {
      level: "error",
      code: "NetConnection.Connect.Rejected",
      ex: { code: 302, redirect: "rtmp://b/live" },
    };
    peer.command(0, "_error", 1, null, info);
    exchange();
    expect(failures[0]?.redirect).toBe("rtmp://b/live");
  });
});

describe("a client that plays", () => {
  it("plays, and hands out media", () => {
    open("play");
    goOn();
    client.push(peer.finish(), 0);
    const messages = sent.take();
    expect(messages.map(({ command, body }) => command?.name ?? toHex(body))).toEqual([
      "play",
      "000300000007000003e8",
    ]);
    expect(messages[0]?.command?.args).toEqual(["cam?k=v", -2000]);
    peer
      .command(7, "onStatus", 0, null, status("status", "NetStream.Play.Reset"))
      .command(7, "onStatus", 0, null, status("status", "NetStream.Play.Start"))
      .message(18, 7, fromHex("05"))
      .message(9, 7, fromHex("aa"), 10)
      .message(22, 7, fromHex("08 000001 000001 00 000000 bb 0000000c"), 20)
      .command(7, "onStatus", 0, null, status("status", "NetStream.Play.UnpublishNotify"))
      .message(9, 7, fromHex("cc"), 30);
    exchange();
    expect(events).toEqual([
      ["status", "NetStream.Play.Reset"],
      ["status", "NetStream.Play.Start"],
      ["ready", 7],
      [18, 0, "05"],
      [9, 10, "aa"],
      [8, 20, "bb"],
      ["status", "NetStream.Play.UnpublishNotify"],
    ]);
    expect(failures).toMatchObject([{ reason: "ended", code: "NetStream.Play.UnpublishNotify" }]);
  });

  it("takes media for the start when the server does not say so", () => {
    open("play");
    goOn();
    peer.message(9, 7, fromHex("aa"), 10);
    exchange();
    expect(events).toEqual([
      ["ready", 7],
      [9, 10, "aa"],
    ]);
  });

  it("says that the stream is not there", () => {
    open("play");
    goOn();
    peer.command(7, "onStatus", 0, null, status("error", "NetStream.Play.StreamNotFound"));
    exchange();
    expect(failures).toMatchObject([{ reason: "play-rejected", code: "NetStream.Play.StreamNotFound" }]);
  });
});

/** What both ends saw, in order. */
type Log = unknown[];

/** A publisher and our server in memory; their bytes are cut into slices of the given lengths. */
function loopback(
  media: readonly { type: number; timestamp: number; body: Uint8Array }[],
  cuts: readonly number[],
  digest: 0 | 1 | undefined,
): Log {
  const log: Log = [];
  const toServer = new ByteQueue();
  const toClient = new ByteQueue();
  const pending: RtmpRequest[] = [];
  const server = createRtmpServerConnection(
    { crypto: testCrypto(2) },
    {
      send: (bytes) => toClient.push(bytes.slice()),
      connected: (info) => log.push(["connected", info.app]),
      publish: (request) => pending.push(request),
      play: () => {},
      media: (type, timestamp, body, streamId) => log.push([type, timestamp, streamId, toHex(body)]),
      stopped: (_request, reason) => log.push(["stopped", reason]),
    },
  );
  let ready = false;
  const client_ = createRtmpClientConnection(
    {
      crypto: testCrypto(1),
      mode: "publish",
      tcUrl: "rtmp://host/live",
      app: "live",
      name: "cam",
      ...(digest === undefined ? {} : { digest }),
    },
    {
      send: (bytes) => toServer.push(bytes.slice()),
      ready: () => {
        ready = true;
      },
      media: () => {},
      failed: (failure) => log.push(failure),
    },
  );
  let cut = 0;
  const pump = (): void => {
    while (toServer.length + toClient.length > 0) {
      for (const [queue, end] of [
        [toServer, server],
        [toClient, client_],
      ] as const) {
        const slice = queue.take(Math.min(queue.length, 1 + (cuts[cut++ % cuts.length] as number)));
        if (slice !== undefined && slice.length > 0) end.push(slice.slice(), 0);
      }
    }
  };
  client_.start();
  pump();
  for (const request of pending) request.accept();
  pump();
  expect(ready).toBe(true);
  for (const { type, timestamp, body } of media) client_.sendMedia(type, timestamp, body);
  pump();
  client_.close();
  pump();
  log.push(server.bytesIn);
  return log;
}

describe("client and server", () => {
  it("understand each other, whatever the slices and the handshake", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            type: fc.constantFrom(8, 9, 18),
            timestamp: fc.oneof(fc.nat(), fc.constantFrom(0xffffff, 2 ** 31, 2 ** 32 - 1)),
            body: fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.constant(new Uint8Array(70_000).fill(7))),
          }),
          { maxLength: 6 },
        ),
        fc.array(fc.oneof(fc.nat({ max: 20 }), fc.nat({ max: 5000 })), { minLength: 1, maxLength: 20 }),
        fc.constantFrom(undefined, 0 as const, 1 as const),
        (media, cuts, digest) => {
          const log = loopback(media, [...cuts, 100], digest);
          expect(log.slice(0, -1)).toEqual([
            ["connected", "live"],
            ...media.map(({ type, timestamp, body }) => [type, timestamp, 1, toHex(body)]),
            ["stopped", "client"],
          ]);
          expect(log).toEqual(loopback(media, [1_000_000], digest));
        },
      ),
      { seed: 20_240_105, numRuns: 20 },
    );
  });
});

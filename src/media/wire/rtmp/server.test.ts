import { beforeEach, describe, expect, it } from "vitest";
import { SentReader, SIMPLE_HANDSHAKE, TestPeer, testCrypto } from "../../../../fuzz/support/rtmp.js";
import { concatBytes, fromHex, toHex } from "../../bytes/bytes.js";
import { decodeAmf0, encodeAmf0 } from "../../format/amf/amf0.js";
import type { AmfValue } from "../../format/amf/value.js";
import { MediaError } from "../../model/error.js";
import { PLAY_CHUNK_SIZE } from "./chunk-writer.js";
import { createRtmpServerConnection } from "./server.js";
import type { RtmpRequest } from "./server-request.js";
import type { RtmpConnectInfo, RtmpServerConnection, RtmpServerOptions } from "./server-types.js";

let requests: RtmpRequest[];
/** Bodies are in hexadecimal; of those that are longer than this there is the length. */
const LONG = 64 * 1024;
let media: [type: number, timestamp: number, streamId: number, body: string | number, receivedAt: number][];
let stopped: [streamId: number, reason: string][];
let notes: unknown[];
let connected: RtmpConnectInfo | undefined;
let sent: SentReader;
let server: RtmpServerConnection;
let peer: TestPeer;

function open(options: Partial<RtmpServerOptions> = {}): void {
  requests = [];
  media = [];
  stopped = [];
  notes = [];
  connected = undefined;
  sent = new SentReader(SIMPLE_HANDSHAKE.length);
  peer = new TestPeer();
  server = createRtmpServerConnection(
    { crypto: testCrypto(1), ...options },
    {
      send: (bytes) => sent.push(bytes),
      connected: (info) => {
        connected = info;
      },
      publish: (request) => requests.push(request),
      play: (request) => requests.push(request),
      media: (type, timestamp, body, streamId, receivedAt) =>
        media.push([type, timestamp, streamId, body.length > LONG ? body.length : toHex(body), receivedAt]),
      stopped: (request, reason) => stopped.push([request.streamId, reason]),
      paused: (streamId, paused) => notes.push(["paused", streamId, paused]),
      bufferLength: (milliseconds) => notes.push(["buffer", milliseconds]),
      pong: (value) => notes.push(["pong", value]),
      dropped: (error) => notes.push(["dropped", error.code]),
    },
  );
  server.push(SIMPLE_HANDSHAKE, 0);
}

/** Sends what the peer has written, and gives the commands that came back: name, transaction, stream, code or value. */
function exchange(receivedAt = 0): unknown[][] {
  server.push(peer.finish(), receivedAt);
  return commands();
}

function commands(): unknown[][] {
  return sent
    .take()
    .filter(({ command }) => command !== undefined)
    .map(({ command, streamId }) => {
      const [first] = command?.args ?? [];
      const code = (first as { code?: AmfValue } | null | undefined)?.code;
      return [command?.name, command?.transactionId, streamId, code ?? first];
    });
}

function connect(object: AmfValue = { app: "live", tcUrl: "rtmp://host/live" }): unknown[][] {
  peer.command(0, "connect", 1, object);
  return exchange();
}

function failure(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof MediaError) return error.code;
    throw error;
  }
  return "none";
}

/** Connects, creates a stream and asks to publish on it. */
function publish(name: AmfValue = "cam"): RtmpRequest {
  connect();
  peer.command(0, "createStream", 2, null).command(1, "publish", 3, null, name, "live");
  exchange();
  return requests.at(-1) as RtmpRequest;
}

beforeEach(() => open());

describe("connect", () => {
  it("states window, bandwidth and chunk size before it answers", () => {
    peer.command(0, "connect", 1, { app: "live", flashVer: "test", tcUrl: "rtmp://host/live" });
    server.push(peer.finish(), 0);
    const messages = sent.take();
    expect(messages.map(({ type, body }) => [type, type === 20 ? "" : toHex(body)])).toEqual([
      [5, "004c4b40"],
      [6, "004c4b4002"],
      [20, ""], // the reader keeps Set Chunk Size to itself
    ]);
    const { name, transactionId, object, args } = messages[2]?.command ?? {};
    expect([name, transactionId]).toEqual(["_result", 1]);
    expect(object).toMatchObject({ fmsVer: "FMS/3,0,1,123", capabilities: 31 });
    expect(object).not.toHaveProperty("fourCcList");
    expect(args).toEqual([
      {
        level: "status",
        code: "NetConnection.Connect.Success",
        description: "Connection succeeded.",
        objectEncoding: 0,
      },
    ]);
    expect(connected).toMatchObject({
      app: "live",
      flashVer: "test",
      tcUrl: "rtmp://host/live",
      pageUrl: "",
    });
  });

  it("tells Enhanced RTMP clients what we can do, and hears what they can", () => {
    peer.command(0, "connect", 1, {
      app: "live",
      fourCcList: ["hvc1"],
      videoFourCcInfoMap: { hvc1: 3 },
      capsEx: 3,
    });
    server.push(peer.finish(), 0);
    expect(sent.take().at(-1)?.command?.object).toMatchObject({
      fourCcList: ["avc1", "hvc1", "av01", "vp09", "mp4a", "Opus", ".mp3"],
      videoFourCcInfoMap: { hvc1: 4 },
      audioFourCcInfoMap: { Opus: 4 },
      capsEx: 4,
    });
    expect(connected?.capabilities).toMatchObject({ fourCcList: ["hvc1"], capsEx: 3 });
  });

  it("repeats objectEncoding 3, also when asked in AMF3", () => {
    const body = concatBytes([
      Uint8Array.of(0),
      encodeAmf0(["connect", 1, { app: "live", objectEncoding: 3 }]),
    ]);
    server.push(peer.message(17, 0, body).finish(), 0);
    expect(sent.take().at(-1)?.command?.args).toMatchObject([{ objectEncoding: 3 }]);
    expect(connected?.objectEncoding).toBe(3);
  });

  it("is refused a second time, and everything before it", () => {
    peer.command(0, "createStream", 7, null);
    expect(exchange()).toEqual([["_error", 7, 0, "NetConnection.Call.Failed"]]);
    connect();
    expect(connect()).toEqual([["_error", 1, 0, "NetConnection.Connect.Rejected"]]);
  });
});

describe("publish", () => {
  it("answers what encoders ask on the way", () => {
    connect();
    peer
      .command(0, "releaseStream", 2, null, "cam")
      .command(0, "FCPublish", 3, null, "cam")
      .command(0, "createStream", 4, null)
      .command(0, "_checkbw", 5, null);
    expect(exchange()).toEqual([
      ["_result", 2, 0, undefined],
      ["_result", 3, 0, undefined],
      ["onFCPublish", 0, 0, "NetStream.Publish.Start"],
      ["_result", 4, 0, 1],
      ["_result", 5, 0, undefined],
    ]);
  });

  it("says nothing before the request is accepted", () => {
    const request = publish("cam?key=value");
    expect(commands()).toEqual([]);
    expect(request).toMatchObject({ kind: "publish", streamId: 1, publishType: "live" });
    expect(request.address).toMatchObject({ app: "live", name: "cam", vhost: "host" });
    expect({ ...request.address.query }).toEqual({ key: "value" });
    expect(request.accept()).toBe(true);
    expect(commands()).toEqual([["onStatus", 0, 1, "NetStream.Publish.Start"]]);
    expect(request.accept()).toBe(true);
    request.reject("NetStream.Publish.BadName", "too late");
    expect(commands()).toEqual([]);
  });

  it("says why not, and then takes no media", () => {
    const request = publish();
    peer.message(9, 1, fromHex("aa"));
    exchange();
    request.reject("NetStream.Publish.BadName", "In use.");
    expect(commands()).toEqual([["onStatus", 0, 1, "NetStream.Publish.BadName"]]);
    expect(request.accept()).toBe(false);
    peer.message(9, 1, fromHex("bb"));
    exchange();
    expect(media).toEqual([]);
    expect(stopped).toEqual([]);
    expect(notes).toEqual([["dropped", "malformed"]]);
    // The same connection may try again.
    peer.command(1, "publish", 4, null, "other", "live");
    exchange();
    expect(requests.at(-1)?.accept()).toBe(true);
    peer.message(9, 1, fromHex("cc"), 5);
    exchange(77);
    expect(media).toEqual([[9, 5, 1, "cc", 77]]);
  });

  it("holds what comes too early, in order and with its time", () => {
    const request = publish();
    peer.message(18, 1, encodeAmf0(["@setDataFrame", "onMetaData", {}]), 0).message(9, 1, fromHex("1700"), 1);
    exchange(100);
    peer.message(8, 1, fromHex("af00"), 2);
    exchange(200);
    expect(media).toEqual([]);
    request.accept();
    expect(media.map(([type, timestamp, , , receivedAt]) => [type, timestamp, receivedAt])).toEqual([
      [18, 0, 100],
      [9, 1, 100],
      [8, 2, 200],
    ]);
    expect(media[1]?.[3]).toBe("1700");
  });

  it("keeps nothing of a slice that is used again, also when it is a Node Buffer", () => {
    const pushAndWipe = (bytes: Uint8Array): void => {
      for (let at = 0; at < bytes.length; at += 100) {
        const buffer = Buffer.from(bytes.subarray(at, at + 100));
        server.push(buffer, 0);
        buffer.fill(0xee);
      }
    };
    const request = publish();
    pushAndWipe(
      peer.message(9, 1, new Uint8Array(50).fill(1)).message(9, 1, new Uint8Array(500).fill(2)).finish(),
    );
    request.accept();
    pushAndWipe(peer.message(9, 1, new Uint8Array(500).fill(3)).finish());
    expect(media.map(([, , , body]) => body)).toEqual(["01".repeat(50), "02".repeat(500), "03".repeat(500)]);
  });

  it("fails the connection when too much comes too early", () => {
    open({ maxHeldBytes: 1000 });
    publish();
    peer.message(9, 1, new Uint8Array(900));
    exchange();
    expect(failure(() => server.push(peer.message(8, 1, new Uint8Array(0)).finish(), 0))).toBe("limit");
    // Empty messages count too.
    open({ maxHeldBytes: 1000 });
    publish();
    for (let i = 0; i < 16; i++) peer.message(8, 1, new Uint8Array(0));
    expect(failure(() => server.push(peer.finish(), 0))).toBe("limit");
  });

  it("lets a message grow as far as its peer is trusted", () => {
    const MIB = 1024 * 1024;
    const messageOf = (bytes: number): Uint8Array =>
      peer.chunkSize(65_536).message(9, 1, new Uint8Array(bytes)).finish();
    // In slices, as from a socket: a message that lies whole in one slice takes no memory.
    const inSlices = (bytes: Uint8Array): void => {
      for (let at = 0; at < bytes.length; at += 50_000) server.push(bytes.subarray(at, at + 50_000), 0);
    };
    connect();
    expect(failure(() => inSlices(messageOf(MIB / 8)))).toBe("none");
    expect(failure(() => inSlices(messageOf(MIB)))).toBe("limit");
    open();
    publish();
    expect(failure(() => inSlices(messageOf(MIB)))).toBe("none");
    expect(failure(() => inSlices(messageOf(6 * MIB)))).toBe("limit");
    open();
    publish().accept();
    expect(failure(() => inSlices(messageOf(6 * MIB)))).toBe("none");
    expect(media.map(([, , , body]) => body)).toEqual([6 * MIB]);
    // Asking for another stream takes nothing away.
    peer.command(0, "createStream", 9, null).command(2, "publish", 10, null, "other", "live");
    exchange();
    expect(failure(() => inSlices(messageOf(6 * MIB)))).toBe("none");
  });

  it("forgets what was held when the request ends", () => {
    open({ maxHeldBytes: 1000 });
    for (let i = 0; i < 5; i++) {
      if (i === 0) publish();
      else peer.command(1, "publish", 3, null, "cam", "live");
      peer.message(9, 1, new Uint8Array(800));
      exchange();
      if (i % 2 === 0) peer.command(0, "deleteStream", 0, null, 1);
      else requests.at(-1)?.reject("NetStream.Publish.BadName", "");
      exchange();
    }
    expect(requests).toHaveLength(5);
  });

  it("takes the name from FCPublish when publish has none", () => {
    for (const nothing of [false, null, undefined, ""]) {
      open();
      connect();
      peer.command(0, "FCPublish", 2, null, "cam").command(0, "createStream", 3, null);
      peer.command(1, "publish", 4, null, nothing, "live");
      exchange();
      expect(requests[0]?.address.name).toBe("cam");
    }
    open();
    peer = new TestPeer();
    connect();
    peer.command(0, "FCPublish", 2, null, false).command(1, "publish", 4, null, false, "live");
    expect(exchange().at(-1)).toEqual(["onStatus", 0, 1, "NetStream.Publish.BadName"]);
    peer.command(1, "publish", 5, null, 1234, "live");
    exchange();
    expect(requests[0]?.address.name).toBe("1234");
  });

  it("refuses names without end", () => {
    connect();
    peer.command(1, "publish", 4, null, "x".repeat(2049), "live");
    expect(exchange()).toEqual([["onStatus", 0, 1, "NetStream.Publish.BadName"]]);
  });

  it("ends with FCUnpublish, closeStream or deleteStream, and may begin again", () => {
    const ends: [string, (peer: TestPeer) => void][] = [
      ["FCUnpublish", (p) => p.command(0, "FCUnpublish", 6, null, "cam")],
      ["FCUnpublish of another name", (p) => p.command(0, "FCUnpublish", 0, null, false)],
      ["closeStream", (p) => p.command(1, "closeStream", 0, null)],
      ["deleteStream", (p) => p.command(0, "deleteStream", 0, null, 1)],
    ];
    for (const [, end] of ends) {
      open();
      publish().accept();
      end(peer);
      exchange();
      expect(stopped).toEqual([[1, "client"]]);
      peer.command(0, "createStream", 7, null).command(1, "publish", 8, null, "cam", "live");
      exchange();
      expect(requests).toHaveLength(2);
      requests[1]?.accept();
      peer.message(9, 1, fromHex("aa"));
      exchange();
      expect(media).toHaveLength(1);
    }
  });

  it("answers FCUnpublish", () => {
    publish().accept();
    commands();
    peer.command(0, "FCUnpublish", 6, null, "cam");
    expect(exchange()).toEqual([
      ["_result", 6, 0, undefined],
      ["onFCUnpublish", 0, 0, "NetStream.Unpublish.Success"],
      ["onStatus", 0, 1, "NetStream.Unpublish.Success"],
    ]);
  });

  it("replaces what is published on the same stream", () => {
    publish().accept();
    peer.command(1, "publish", 8, null, "other", "live");
    exchange();
    expect(stopped).toEqual([[1, "replaced"]]);
    expect(requests[1]?.address.name).toBe("other");
  });

  it("takes media on a wrong message stream while there is but one publisher", () => {
    publish().accept();
    peer.message(9, 0, fromHex("aa")).message(8, 5, fromHex("bb"));
    exchange();
    expect(media.map(([type, , streamId]) => [type, streamId])).toEqual([
      [9, 1],
      [8, 1],
    ]);
    peer.command(2, "publish", 8, null, "other", "live");
    exchange();
    requests[1]?.accept();
    peer.message(9, 0, fromHex("aa")).message(9, 2, fromHex("cc"));
    exchange();
    expect(media.slice(2)).toEqual([[9, 0, 2, "cc", 0]]);
    expect(notes).toEqual([["dropped", "malformed"]]);
  });

  it("takes aggregates apart, and drops the broken", () => {
    publish().accept();
    const aggregate = fromHex(
      "09 000001 000064 00 000000 aa 0000000c 08 000001 00006e 00 000000 bb 0000000c",
    );
    peer
      .message(22, 1, aggregate, 1000)
      .message(22, 1, aggregate.subarray(0, 20), 2000)
      .message(8, 1, fromHex("cc"), 3000);
    exchange();
    expect(media.map(([type, timestamp]) => [type, timestamp])).toEqual([
      [9, 1000],
      [8, 1010],
      [9, 2000],
      [8, 3000],
    ]);
    expect(notes).toEqual([["dropped", "truncated"]]);
  });

  it("hands AMF3 data out as AMF0 where it is", () => {
    publish().accept();
    const data = encodeAmf0(["onMetaData", { a: 1 }]);
    peer.message(15, 1, concatBytes([Uint8Array.of(0), data])).message(15, 1, fromHex("0601"));
    exchange();
    expect(media.map(([type, , , body]) => [type, body])).toEqual([
      [18, toHex(data)],
      [15, "0601"],
    ]);
  });
});

describe("play", () => {
  function play(...args: AmfValue[]): RtmpRequest {
    connect();
    peer.command(0, "createStream", 2, null).command(1, "play", 3, null, ...args);
    exchange();
    return requests.at(-1) as RtmpRequest;
  }

  it("begins the stream, resets, starts and grants access", () => {
    const request = play("cam", -2000);
    expect(request).toMatchObject({ kind: "play", streamId: 1, start: -2000 });
    request.accept();
    const messages = sent.take();
    expect(messages.map(({ type, streamId }) => [type, streamId])).toEqual([
      [4, 0],
      [20, 1],
      [20, 1],
      [18, 1],
    ]);
    expect(toHex(messages[0]?.body as Uint8Array)).toBe("000000000001");
    expect(messages.slice(1, 3).map(({ command }) => (command?.args[0] as { code?: string })?.code)).toEqual([
      "NetStream.Play.Reset",
      "NetStream.Play.Start",
    ]);
    expect(decodeAmf0(messages[3]?.body as Uint8Array)).toEqual(["|RtmpSampleAccess", true, true]);
  });

  it("does not reset when asked not to", () => {
    play("cam", -1, -1, false).accept();
    expect(commands()).toEqual([["onStatus", 0, 1, "NetStream.Play.Start"]]);
  });

  it("says that there is no such stream", () => {
    play("cam").reject("NetStream.Play.StreamNotFound", "No such stream.");
    expect(commands()).toEqual([["onStatus", 0, 1, "NetStream.Play.StreamNotFound"]]);
    expect(stopped).toEqual([]);
  });

  it("needs a name", () => {
    connect();
    peer.command(1, "play", 3, null, false);
    expect(exchange()).toEqual([["onStatus", 0, 1, "NetStream.Play.StreamNotFound"]]);
  });

  it("tells the player when we end it", () => {
    const request = play("cam");
    request.accept();
    sent.take();
    server.end(request);
    const messages = sent.take();
    expect(
      messages.map(({ command, body }) => (command?.args[0] as { code?: string })?.code ?? toHex(body)),
    ).toEqual(["NetStream.Play.UnpublishNotify", "NetStream.Play.Stop", "000100000001"]);
    expect(stopped).toEqual([[1, "server"]]);
    server.end(request);
    expect(sent.take()).toEqual([]);
  });

  it("answers pause, seek, getStreamLength and FCSubscribe", () => {
    play("cam").accept();
    sent.take();
    peer
      .command(1, "pause", 0, null, true, 0)
      .command(1, "pause", 0, null, false, 0)
      .command(1, "seek", 0, null, 1000)
      .command(0, "getStreamLength", 5, null, "cam")
      .command(0, "FCSubscribe", 6, null, "cam")
      .command(1, "receiveAudio", 0, null, true);
    expect(exchange()).toEqual([
      ["onStatus", 0, 1, "NetStream.Pause.Notify"],
      ["onStatus", 0, 1, "NetStream.Unpause.Notify"],
      ["onStatus", 0, 1, "NetStream.Seek.Failed"],
      ["_result", 5, 0, 0],
      ["onFCSubscribe", 0, 0, "NetStream.Play.Start"],
    ]);
    expect(notes).toEqual([
      ["paused", 1, true],
      ["paused", 1, false],
    ]);
  });

  it("takes no media from a player", () => {
    play("cam").accept();
    peer.message(9, 1, fromHex("aa"));
    exchange();
    expect(media).toEqual([]);
  });
});

describe("the connection", () => {
  it("answers commands it does not know, if they want an answer", () => {
    connect();
    peer
      .command(0, "doSomething", 9, null)
      .command(0, "doSomething", 0, null)
      .command(0, "__proto__", 10, null);
    expect(exchange()).toEqual([
      ["_error", 9, 0, "NetConnection.Call.Failed"],
      ["_error", 10, 0, "NetConnection.Call.Failed"],
    ]);
  });

  it("limits message streams, and reuses ids", () => {
    open({ maxStreams: 2 });
    connect();
    for (let i = 0; i < 3; i++) peer.command(0, "createStream", 2 + i, null);
    expect(exchange()).toEqual([
      ["_result", 2, 0, 1],
      ["_result", 3, 0, 2],
      ["_error", 4, 0, "NetConnection.Call.Failed"],
    ]);
    peer.command(0, "deleteStream", 0, null, 1).command(0, "createStream", 5, null);
    expect(exchange()).toEqual([["_result", 5, 0, 1]]);
    expect(failure(() => server.push(peer.command(9, "publish", 0, null, "cam").finish(), 0))).toBe("limit");
  });

  it("acknowledges after half a window, and once more after each half", () => {
    connect();
    const window = new Uint8Array([0, 0, 0x10, 0]);
    peer.message(5, 0, window).chunkSize(65_536);
    exchange();
    publish();
    sent.take();
    let acknowledged = server.bytesIn;
    let count = 0;
    for (let i = 0; i < 8; i++) {
      server.push(peer.message(9, 1, new Uint8Array(1000)).finish(), 0);
      for (const { type, body } of sent.take()) {
        if (type !== 3) continue;
        acknowledged = new DataView(body.buffer, body.byteOffset).getUint32(0);
        expect(acknowledged).toBe(server.bytesIn);
        count += 1;
      }
      expect(server.bytesIn - acknowledged).toBeLessThan(2048);
    }
    expect(count).toBeGreaterThan(2);
    expect(count).toBeLessThan(5);
  });

  it("acknowledges without being asked, by our own window", () => {
    connect();
    peer.chunkSize(65_536);
    for (let i = 0; i < 51; i++) peer.message(9, 1, new Uint8Array(50_000));
    server.push(peer.finish(), 0);
    expect(sent.take().filter(({ type }) => type === 3)).toHaveLength(1);
  });

  it("answers a peer's bandwidth with a window, by its type", () => {
    connect();
    sent.take();
    const answers = (hex: string): string[] => {
      server.push(peer.message(6, 0, fromHex(hex)).finish(), 0);
      return sent.take().map(({ type, body }) => `${type} ${toHex(body)}`);
    };
    expect(answers("00100000 02")).toEqual([]); // dynamic, and no hard limit before
    expect(answers("00100000 00")).toEqual(["5 00100000"]);
    expect(answers("00100000 00")).toEqual([]); // as before
    expect(answers("00200000 01")).toEqual([]); // soft: the smaller one stays
    expect(answers("00080000 01")).toEqual(["5 00080000"]);
    expect(answers("00300000 00")).toEqual(["5 00300000"]);
    expect(answers("00400000 02")).toEqual(["5 00400000"]); // dynamic after hard is hard
    expect(answers("00500000 07")).toEqual([]);
  });

  it("answers pings, hears pongs and buffer lengths", () => {
    connect();
    sent.take();
    peer
      .message(4, 0, fromHex("0006 01020304"))
      .message(4, 0, fromHex("0007 0000002a"))
      .message(4, 0, fromHex("0003 00000001 00000bb8"))
      .message(4, 0, fromHex("0020"));
    server.push(peer.finish(), 0);
    expect(sent.take().map(({ type, body }) => [type, toHex(body)])).toEqual([[4, "000701020304"]]);
    expect(notes).toEqual([
      ["pong", 42],
      ["buffer", 3000],
    ]);
    server.ping(42);
    expect(sent.take().map(({ type, body }) => [type, toHex(body)])).toEqual([[4, "00060000002a"]]);
  });

  it("hears acknowledgements", () => {
    server.push(peer.message(3, 0, fromHex("ffffffff")).finish(), 0);
    expect(server.acknowledged).toBe(0xffffffff);
  });

  it("leaves out message types it does not know", () => {
    server.push(peer.message(19, 0, fromHex("aa")).message(99, 0, fromHex("aa")).finish(), 0);
    expect(notes).toEqual([
      ["dropped", "unsupported"],
      ["dropped", "unsupported"],
    ]);
  });

  it("ends what is open when it closes, once, and then does nothing", () => {
    const request = publish();
    peer.command(2, "play", 0, null, "other");
    exchange();
    server.close();
    server.close();
    expect(stopped).toEqual([
      [1, "disconnect"],
      [2, "disconnect"],
    ]);
    expect(request.accept()).toBe(false);
    sent.take();
    server.push(peer.command(0, "createStream", 9, null).finish(), 0);
    server.ping(1);
    server.status(1, { level: "status", code: "x", description: "" });
    server.end(request);
    expect(sent.take()).toEqual([]);
  });

  it("takes no more of a slice in which the handler closed it", () => {
    connect();
    const bytes = peer.command(1, "publish", 2, null, "cam").message(9, 1, fromHex("aa")).finish();
    const original = requests;
    requests = Object.assign([] as RtmpRequest[], {
      push: (request: RtmpRequest) => {
        request.accept();
        server.close();
        return original.push(request);
      },
    });
    server.push(bytes, 0);
    expect(media).toEqual([]);
  });

  it("writes in chunks of PLAY_CHUNK_SIZE after connect", () => {
    const raw: Uint8Array[] = [];
    const connection = createRtmpServerConnection(
      { crypto: testCrypto(1) },
      {
        send: (bytes) => raw.push(bytes),
        publish: () => {},
        play: () => {},
        media: () => {},
        stopped: () => {},
      },
    );
    connection.push(concatBytes([SIMPLE_HANDSHAKE, new TestPeer().command(0, "connect", 1, {}).finish()]), 0);
    const all = toHex(concatBytes(raw));
    expect(all).toContain(
      `02000000000004 01 00000000 ${PLAY_CHUNK_SIZE.toString(16).padStart(8, "0")}`.replaceAll(" ", ""),
    );
  });
});

import { concatBytes } from "../../src/media/bytes/bytes.js";
import { encodeAmf0 } from "../../src/media/format/amf/amf0.js";
import type { AmfValue } from "../../src/media/format/amf/value.js";
import { createRtmpServerConnection } from "../../src/media/wire/rtmp/server.js";
import type { RtmpRequest } from "../../src/media/wire/rtmp/server-request.js";
import { SIMPLE_HANDSHAKE, TestPeer, testCrypto } from "../support/rtmp.js";
import type { FuzzTarget, Random } from "../target.js";
import { allowMediaError } from "../target.js";
import { amfValue } from "./amf0.js";

const crypto = testCrypto(1);

const COMMANDS = [
  "connect",
  "releaseStream",
  "FCPublish",
  "createStream",
  "publish",
  "play",
  "pause",
  "seek",
  "getStreamLength",
  "_checkbw",
  "FCUnpublish",
  "closeStream",
  "deleteStream",
  "FCSubscribe",
  "receiveAudio",
  "unknown",
];

export const target: FuzzTarget = {
  name: "rtmp-server",
  cases(random) {
    const peer = new TestPeer();
    if (random.chance(0.9))
      peer.command(0, "connect", 1, { app: "live", tcUrl: "rtmp://host/live?a=b", capsEx: 1 });
    for (let i = random.int(12); i >= 0; i--) step(peer, random);
    const session = peer.finish();
    return concatBytes([SIMPLE_HANDSHAKE, random.chance(0.8) ? random.mutate(session) : session]);
  },
  run(bytes, random) {
    /** Requests that are not over, and whether they were accepted. */
    const open = new Map<RtmpRequest, boolean>();
    const accept = (request: RtmpRequest): void => {
      open.set(request, true);
      if (!request.accept()) throw new Error("a request that is not over could not be accepted");
    };
    const reject = (request: RtmpRequest): void => {
      request.reject("NetStream.Publish.BadName", "no");
      if (open.get(request)) return;
      open.delete(request);
      if (request.accept()) throw new Error("a rejected request could be accepted");
    };
    const asked = (request: RtmpRequest): void => {
      open.set(request, false);
      if (random.chance(0.4)) accept(request);
    };
    const server = createRtmpServerConnection(
      { crypto, maxStreams: 4, maxHeldBytes: 5000 },
      {
        send: () => {},
        publish: asked,
        play: asked,
        media: (_type, _timestamp, _body, streamId) => {
          const isPublished = [...open].some(
            ([request, accepted]) => accepted && request.streamId === streamId,
          );
          if (!isPublished) throw new Error("media of a stream that is not accepted");
        },
        stopped: (request) => {
          if (!open.delete(request)) throw new Error("stopped twice, or after it was rejected");
        },
        dropped: () => {},
      },
    );
    allowMediaError(() => {
      server.push(bytes.subarray(0, SIMPLE_HANDSHAKE.length), 0);
      for (const slice of random.slices(bytes.subarray(SIMPLE_HANDSHAKE.length))) {
        server.push(slice, 0);
        if (open.size === 0 || random.chance(0.7)) continue;
        random.pick([accept, reject, (request: RtmpRequest) => server.end(request)])(
          random.pick([...open.keys()]),
        );
      }
    });
    server.close();
    if (open.size > 0) throw new Error("a request never stopped");
  },
};

function step(peer: TestPeer, random: Random): void {
  const streamId = random.int(4);
  const kind = random.int(10);
  if (kind < 5) {
    const name = random.pick(COMMANDS);
    const args: AmfValue[] = [random.pick<AmfValue>(["cam", "cam?a=b&c", false, 1, 2, null, "x/y"])];
    for (let i = random.int(3); i > 0; i--) args.push(amfValue(random, 2));
    peer.command(streamId, name, random.int(10), null, ...args);
  } else if (kind < 8) {
    peer.message(
      random.pick([8, 9, 15, 18, 22]),
      streamId,
      random.bytes(random.int(300)),
      random.int(2 ** 32),
    );
  } else if (kind === 8) {
    peer.message(random.pick([3, 4, 5, 6]), 0, random.bytes(4 + random.int(8)));
  } else if (random.chance(0.5)) {
    peer.chunkSize(random.pick([1, 100, 65_536]));
  } else {
    const body = encodeAmf0([random.pick(COMMANDS), 1, amfValue(random, 2)]);
    peer.message(17, streamId, concatBytes([Uint8Array.of(0), body]));
  }
}

import { concatBytes } from "../../src/media/bytes/bytes.js";
import type { AmfValue } from "../../src/media/format/amf/value.js";
import { createRtmpClientConnection } from "../../src/media/wire/rtmp/client.js";
import { SIMPLE_HANDSHAKE, TestPeer, testCrypto } from "../support/rtmp.js";
import type { FuzzTarget, Random } from "../target.js";
import { allowMediaError } from "../target.js";
import { amfValue } from "./amf0.js";

const crypto = testCrypto(1);

const CODES = [
  "NetStream.Publish.Start",
  "NetStream.Play.Start",
  "NetStream.Play.Reset",
  "NetStream.Play.Stop",
  "NetStream.Publish.BadName",
];

export const target: FuzzTarget = {
  name: "rtmp-client",
  cases(random) {
    const peer = new TestPeer();
    if (random.chance(0.9)) peer.command(0, "_result", 1, {}, status(random));
    if (random.chance(0.9)) peer.command(0, "_result", 4, null, 1);
    for (let i = random.int(10); i >= 0; i--) step(peer, random);
    const session = peer.finish();
    return concatBytes([SIMPLE_HANDSHAKE, random.chance(0.8) ? random.mutate(session) : session]);
  },
  run(bytes, random) {
    let failures = 0;
    let isReady = false;
    const mode = random.pick(["publish", "play"] as const);
    const client = createRtmpClientConnection(
      { crypto, mode, tcUrl: "rtmp://host/live", app: "live", name: "cam" },
      {
        send: () => {},
        ready: () => {
          if (isReady || failures > 0) throw new Error("ready at the wrong time");
          isReady = true;
        },
        media: () => {
          if (!isReady || failures > 0) throw new Error("media at the wrong time");
        },
        failed: () => {
          failures += 1;
        },
      },
    );
    client.start();
    allowMediaError(() => {
      client.push(bytes.subarray(0, SIMPLE_HANDSHAKE.length), 0);
      for (const slice of random.slices(bytes.subarray(SIMPLE_HANDSHAKE.length))) {
        client.push(slice, 0);
        if (client.isReady && mode === "publish") client.sendMedia(9, 0, slice);
      }
    });
    client.close();
    if (failures > 1) throw new Error("failed twice");
  },
};

function status(random: Random): AmfValue {
  return { level: random.pick(["status", "status", "error"]), code: random.pick(CODES), description: "" };
}

function step(peer: TestPeer, random: Random): void {
  const kind = random.int(8);
  if (kind < 2) peer.command(1, "onStatus", 0, null, status(random));
  else if (kind === 2)
    peer.command(0, random.pick(["_result", "_error"]), random.int(6), null, amfValue(random, 2));
  else if (kind === 3) peer.command(0, random.pick(["close", "onBWDone", "onFCPublish"]), 0, null);
  else if (kind < 6) {
    const type = random.pick([8, 9, 15, 18, 22]);
    peer.message(type, 1, random.bytes(random.int(300)), random.int(2 ** 32));
  } else peer.message(random.pick([3, 4, 5, 6]), 0, random.bytes(4 + random.int(8)));
}

import { setImmediate } from "node:timers/promises";
import { expect, it } from "vitest";
import { bytesOf, CONFIGS, FRAMES } from "../../../../fuzz/support/flv.js";
import { hubStage } from "../../../../test/support/hub-stage.js";
import { createLogRecorder, type LogLine } from "../../../../test/support/rtmp-server.js";
import { createTagDecoder } from "../../../media/format/flv/tag-decoder.js";
import { AUDIO, VIDEO } from "../../../media/wire/rtmp/message.js";
import type { ProtocolContext } from "../../contract/protocol.js";
import type { Session } from "../../contract/session.js";
import { createTrackRenditions } from "./track-renditions.js";

const HVC1 = "68766331";
const TRACKS = [
  { track: 1, name: "720p" },
  { track: 2, name: "480p" },
];

/** A publication of `live/room` whose messages go to its own decoder and to its renditions. */
function publication() {
  const { hub, publish, scheduler } = hubStage({ moves: true, sameClock: true });
  const lines: LogLine[] = [];
  const session = {
    app: "live",
    name: "room",
    trace: { traceparent: "t" },
    logFields: {},
    counters: { packetsIn: 0, undecodable: 0 },
  };
  const context = {
    log: createLogRecorder(lines),
    publish: async (name: string, init: object) => hub.publish(name, init),
  };
  const renditions = createTrackRenditions({
    context: context as unknown as ProtocolContext,
    session: session as unknown as Session,
    tracks: TRACKS,
  });
  const main = hub.publish("live/room");
  const decoder = createTagDecoder({
    track(track) {
      main.track(track);
      renditions.track(track);
    },
    packet(packet) {
      main.write(packet);
      renditions.packet(packet);
    },
  });
  return {
    hub,
    publish,
    scheduler,
    lines,
    session,
    renditions,
    send(type: number, timestamp: number, body: Uint8Array) {
      decoder.decode(type, timestamp, body, 0);
      renditions.media(type, timestamp, body, 0);
    },
  };
}

const size = (bytes: Uint8Array) => bytesOf(0, bytes.length >> 8, bytes.length & 0xff);
/** One body for three tracks. */
function many(packetType: string, ...parts: readonly Uint8Array[]): Uint8Array {
  return bytesOf("96", packetType, HVC1, ...parts.flatMap((part, i) => [Uint8Array.of(i), size(part), part]));
}
const frame = (data: Uint8Array) => bytesOf("000000", data);

it("the further pictures of a publication are streams beside it, with its sound and on its clock", async () => {
  const { hub, renditions, send, session } = publication();
  send(AUDIO, 1000, bytesOf("af 00", CONFIGS.aac));
  send(VIDEO, 1000, many("10", CONFIGS.hevc, CONFIGS.hevc, CONFIGS.hevc));
  // Before the names are granted: none of it is lost.
  send(VIDEO, 1000, many("11", ...[1, 2, 3].map((n) => frame(FRAMES.hevcKey(n)))));
  send(AUDIO, 1010, bytesOf("af 01", FRAMES.aac(1)));
  await setImmediate();
  send(VIDEO, 1040, many("11", ...[4, 5, 6].map((n) => frame(FRAMES.hevcKey(n)))));
  const names = ["live/room", "live/room_720p", "live/room_480p"];
  const streams = names.map((name) => hub.stream(name));
  expect(streams.map((stream) => stream?.tracks.map(({ codec }) => codec))).toEqual(
    names.map(() => ["hevc", "aac"]),
  );
  expect(streams.map((stream) => stream?.taken.packets)).toEqual([3, 3, 3]);
  expect(session.counters.packetsIn).toBe(4);
  const [room, ...others] = streams;
  for (const other of others) expect(other && room?.shiftTo(other)).toBe(0);
  renditions.end("client-closed");
  expect(others.map((stream) => stream?.live ?? false)).toEqual([false, false]);
});

it("a name that is taken is left to who has it, and a single picture makes no streams", async () => {
  const { hub, publish, send, lines, renditions } = publication();
  publish(undefined, "live/room_480p");
  send(AUDIO, 0, bytesOf("af 00", CONFIGS.aac));
  send(VIDEO, 0, many("10", CONFIGS.hevc, CONFIGS.hevc, CONFIGS.hevc));
  await setImmediate();
  expect(lines.map(({ message, fields }) => [message, fields])).toEqual([
    ["a track of a publication was refused", expect.objectContaining({ rendition: "live/room_480p" })],
  ]);
  renditions.end("client-closed");
  expect(hub.stream("live/room_480p")?.live).toBe(true);

  const single = publication();
  single.send(VIDEO, 0, bytesOf("90", HVC1, CONFIGS.hevc));
  single.send(VIDEO, 0, bytesOf("91", HVC1, frame(FRAMES.hevcKey(1))));
  await setImmediate();
  expect(single.hub.streams.map(({ name }) => name)).toEqual(["live/room"]);
});

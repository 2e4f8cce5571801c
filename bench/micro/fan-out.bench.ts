import { Hub } from "../../src/hub/hub.js";
import type { StreamObserver } from "../../src/hub/observer.js";
import type { Scheduler } from "../../src/hub/scheduler.js";
import type { Sink } from "../../src/hub/sink.js";
import { flvFormat } from "../../src/media/format/flv/muxer.js";
import { textBatch } from "../../src/server/events/event-log.js";
import { HTTP_CHUNK } from "../../src/server/net/framing.js";
import { createNodeScheduler } from "../../src/server/net/node-scheduler.js";
import { createFigures } from "../../src/server/observe/figures.js";
import type { Clip } from "../clip.js";
import type { MicroBench, MicroBenches } from "./bench.js";

const SINKS = 1_000;
/** About a group of pictures: with so many sinks that is long enough for one call. */
const PACKETS = 150;

export const fanOutBenches: MicroBenches = (clip) => [
  fanOut(clip, `batch cut, ${SINKS} sinks that look up the HTTP chunk`, () => {
    let bytes = 0;
    return {
      accept(batch) {
        bytes += batch.framed(HTTP_CHUNK).length;
        return bytes < 0 ? "busy" : "ok";
      },
      end() {},
    };
  }),
  ...[SINKS, 1].flatMap((sinks) => [
    fanOut(clip, `${named(sinks)}, nobody counting`, lazy, sinks),
    fanOut(clip, `${named(sinks)}, counted for metrics`, lazy, sinks, counted()),
  ]),
  counting(),
];

/** The worst case for what is counted once a batch is a stream with one viewer. */
const named = (sinks: number): string => `batch cut, ${sinks === 1 ? "one sink" : `${sinks} sinks`}`;
const lazy = (): Sink => ({ accept: () => "ok", end() {} });

/** What the last line is more than the one before it, without the rest: a batch to one viewer is one write. */
function counting(): MicroBench {
  const observer = counted()("live/bench");
  const batch = textBatch("");
  return {
    name: "counting a batch for metrics",
    count: PACKETS,
    unit: "write",
    run() {
      for (let i = 0; i < PACKETS; i++) observer.handedOut(batch, i);
    },
  };
}

/** What a server with an operations port has, its clock included. */
function counted(): (name: string) => StreamObserver {
  const scheduler = createNodeScheduler();
  const figures = createFigures({
    scheduler,
    process: "bench",
    maxStreams: 50,
    sessions: () => [],
    streams: () => [],
  });
  return figures.observe;
}

/** A hub with one stream; every packet is a turn of its own, so every packet is a batch. */
function fanOut(
  { tracks, metadata, packets }: Clip,
  name: string,
  createSink: () => Sink,
  sinks: number = SINKS,
  observe?: (name: string) => StreamObserver,
): MicroBench {
  let deferred: (() => void)[] = [];
  let now = 0;
  const scheduler: Scheduler = {
    now: () => now,
    wall: () => now,
    defer: (task) => deferred.push(task),
    after: () => () => {},
    every: () => () => {},
  };
  const turn = (): void => {
    const tasks = deferred;
    deferred = [];
    for (const task of tasks) task();
  };
  const fail = (error: unknown): void => {
    throw error;
  };
  const hub = new Hub({}, scheduler, fail, undefined, observe);
  const publisher = hub.publish("live/bench");
  publisher.describe(metadata, { video: true, audio: true });
  for (const track of tracks) publisher.track(track);
  const format = flvFormat();
  for (let i = 0; i < sinks; i++) {
    const selection = { video: true, audio: true };
    hub.stream("live/bench")?.subscribe({ format, selection, sink: createSink() });
  }

  const group = packets.slice(0, PACKETS);
  const first = group[0]?.dts ?? 0;
  const span = (group.at(-1)?.dts ?? 0) - first + 20_000;
  return {
    name,
    count: group.length * sinks,
    unit: "write",
    run() {
      for (const packet of group) {
        publisher.write({ ...packet, dts: packet.dts + now, pts: packet.pts + now });
        turn();
      }
      now += span;
    },
  };
}

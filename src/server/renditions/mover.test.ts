import { setImmediate } from "node:timers/promises";
import { expect, it } from "vitest";
import { hubStage, type Reader } from "../../../test/support/hub-stage.js";
import { createLogRecorder, type LogLine } from "../../../test/support/rtmp-server.js";
import { audioTrack, packet, videoTrack } from "../../../test/support/toy-format.js";
import type { LadderChoice } from "../contract/ladder.js";
import type { QualityReport } from "../contract/quality.js";
import type { QualityChange, Session } from "../contract/session.js";
import { createMover } from "./mover.js";

const NAMES = ["low", "middle", "high"] as const;
const STEPS = NAMES.map((name, i) => ({
  rendition: name,
  bitrate: (i + 1) * 1_000_000,
  stream: { app: "live", name: `room_${name}` },
}));

/** A viewer of the highest of three renditions, and time that passes in seconds, with a group of pictures in each. */
function stage(steps = STEPS, sameClock = true) {
  const { hub, scheduler, publish, join } = hubStage({ moves: true, sameClock });
  const sources = NAMES.map((name, i) => publish([videoTrack(i), audioTrack()], `live/room_${name}`));
  const changes: QualityChange[] = [];
  const told: unknown[] = [];
  const lines: LogLine[] = [];
  const choice: LadderChoice = {
    stream: { app: "live", name: "room_high" },
    headers: {},
    steps,
    adapted: {
      asked: "room",
      rendition: "high",
      bitrate: 3_000_000,
      device: "desktop",
      reasons: ["it fits"],
    },
  };
  const counters = { droppedFrames: 0 };
  const session = {
    id: "s",
    app: "live",
    name: "room_high",
    adapted: choice.adapted,
    counters,
    change(change: QualityChange) {
      changes.push(change);
      session.name = change.name;
      session.adapted = change.adapted;
    },
  };
  let report: Partial<QualityReport> | undefined;
  const mover = createMover({
    hub,
    scheduler,
    log: createLogRecorder(lines),
    reports: { latest: () => report as QualityReport | undefined },
    onChange: (of, { from, to, cause }, before) => told.push([of.id, before, from, to, cause]),
  });
  let clock = 0;
  /** Of what is silence. */
  const hushed: string[] = [];
  async function pass(seconds: number, silent: readonly string[] = []): Promise<void> {
    for (let frame = 0; frame < seconds * 25; frame++) {
      for (const [i, { publisher }] of sources.entries()) {
        if (silent.includes(NAMES[i] as string)) continue;
        publisher.write(packet(videoTrack(i), clock, { key: frame % 25 === 0 }));
        const data = hushed.includes(NAMES[i] as string) ? "hush" : undefined;
        publisher.write(packet(audioTrack(), clock, data === undefined ? {} : { data }));
      }
      clock += 40;
      scheduler.advance(40);
      if (frame % 25 === 0) await setImmediate();
    }
  }
  return {
    hub,
    scheduler,
    mover,
    session,
    counters,
    changes,
    told,
    lines,
    hushed,
    pass,
    sources,
    watch(): { readonly reader: Reader; readonly leave: () => void } {
      const reader = join({}, "live/room_high");
      const { subscriber } = reader;
      return { reader, leave: mover.watch({ session: session as unknown as Session, subscriber, choice }) };
    },
    report(given: Partial<QualityReport>) {
      report = given;
    },
  };
}

it("a viewer for whom frames are left out goes down at the next key frame, and everybody is told", async () => {
  const { watch, pass, counters, changes, told, session, hub } = stage();
  await pass(2);
  const { reader } = watch();
  await pass(3);
  expect(changes).toEqual([]);
  counters.droppedFrames = 5;
  await pass(3);
  expect(told).toEqual([["s", "room_high", "high", "middle", "drops"]]);
  expect(changes[0]?.adapted).toEqual({
    asked: "room",
    rendition: "middle",
    bitrate: 2_000_000,
    device: "desktop",
    reasons: ["it fits", "down to middle: drops"],
  });
  expect(["high", "middle"].map((name) => hub.stream(`live/room_${name}`)?.readers)).toEqual([0, 1]);
  // All is well from here on: after six seconds and ten it is tried.
  await pass(20);
  expect(told.at(-1)).toEqual(["s", "room_middle", "middle", "high", "well"]);
  expect(session.adapted.reasons).toEqual(["it fits", "down to middle: drops", "up to high: well"]);
  expect(reader.sink.ends).toEqual([]);
});

it("what its player says counts too, and what is not live is passed over", async () => {
  const { watch, pass, report, told, sources } = stage();
  await pass(2);
  watch();
  sources[1]?.publisher.end("kicked");
  report({ frozenMs: 0 });
  await pass(2);
  report({ frozenMs: 800 });
  await pass(3);
  expect(told).toEqual([["s", "room_high", "high", "low", "stalls"]]);
});

it("where nothing is to be had it stays, and is asked again half a minute later", async () => {
  const { watch, pass, counters, told, sources } = stage();
  await pass(2);
  watch();
  for (const source of sources.slice(0, 2)) source.publisher.end("kicked");
  await pass(2);
  counters.droppedFrames = 5;
  await pass(10);
  counters.droppedFrames = 9;
  await pass(10);
  expect(told).toEqual([]);
});

it("a rendition that may be of another clock is passed over, and the log says so once", async () => {
  const { watch, pass, counters, told, lines, hushed } = stage(STEPS, false);
  hushed.push("middle");
  await pass(2);
  watch();
  watch();
  await pass(1);
  counters.droppedFrames = 5;
  // The one below is looked at a few times, as its sound could still come.
  await pass(14);
  expect(told[0]).toEqual(["s", "room_high", "high", "low", "drops"]);
  const warned = lines.filter(({ level }) => level === "warn");
  expect(warned.map(({ fields }) => [fields.stream, fields.to])).toEqual([
    ["live/room_high", "live/room_middle"],
  ]);
  expect(warned[0]?.fields.why).toContain("abr.sameClock");
});

it("a target without a key frame in common is given up", async () => {
  const { watch, pass, counters, told, hub } = stage(STEPS.slice(1));
  await pass(2);
  watch();
  counters.droppedFrames = 5;
  await pass(1, ["middle"]);
  await pass(25, ["middle"]);
  expect(told).toEqual([]);
  expect(hub.wants("live/room_middle")).toBe(false);
});

it("who leaves is not looked at any more, and nothing is left", async () => {
  const { watch, pass, counters, told, scheduler, mover, hub } = stage();
  await pass(2);
  const { leave, reader } = watch();
  const { leave: other } = watch();
  other();
  counters.droppedFrames = 5;
  leave();
  reader.subscriber.close("aborted");
  await pass(5);
  expect(told).toEqual([]);
  mover.close();
  hub.close();
  scheduler.turn();
  expect(scheduler.pending).toBe(0);
});

it("one rendition alone is nothing to move among", () => {
  const { watch, scheduler } = stage(STEPS.slice(2));
  const { pending } = scheduler;
  watch();
  expect(scheduler.pending).toBe(pending);
});

import { describe, expect, it } from "vitest";
import { createWorkLabels, type WorkLabels, work } from "./work-labels.js";

function stage(times = false) {
  const log: (string | undefined)[] = [];
  const ticks: (() => void)[] = [];
  let now: WorkLabels | undefined;
  const listener = createWorkLabels({
    set(labels) {
      now = labels;
      log.push(labels?.stage);
    },
    times: () => times,
    afterCallback: (task) => ticks.push(task),
  });
  return { listener, log, ticks, now: () => now };
}

describe("createWorkLabels", () => {
  it("puts back what was there before, however deep", () => {
    const { listener, log, now } = stage();
    const a = listener.enter(work("ingest", "rtmp", "live/a"));
    const b = listener.enter(work("mux", "flv", "live/a"));
    listener.leave(b);
    expect(now()).toEqual({ stage: "ingest", protocol: "rtmp", stream: "live/a" });
    listener.leave(a);
    expect(now()).toBeUndefined();
    expect(log).toEqual(["ingest", "mux", "ingest", undefined]);
  });

  it("adds media times only where somebody wants them", () => {
    const without = stage();
    without.listener.enter(work("mux", "flv", "live/a"), { dts: 1, pts: 2 });
    expect(without.now()).not.toHaveProperty("dts");
    const with_ = stage(true);
    const before = with_.listener.enter(work("mux", "flv", "live/a"), { dts: 1, pts: 2 });
    expect(with_.now()).toMatchObject({ stage: "mux", dts: 1, pts: 2 });
    with_.listener.leave(before);
    with_.listener.enter(work("mux", "flv", "live/a"), { dts: 3 });
    expect(with_.now()).toEqual({ stage: "mux", protocol: "flv", stream: "live/a", dts: 3 });
  });

  it("labels the ticks that handing out leaves behind, each stream's with its own, and nothing after them", () => {
    const { listener, ticks, now } = stage();
    const seen: (string | undefined)[] = [];
    for (const stream of ["live/a", "live/b"]) {
      const before = listener.enter(work("fan-out", "flv", stream));
      ticks.push(() => seen.push(now()?.stream));
      listener.leave(before);
    }
    expect(now()).toBeUndefined();
    ticks.push(() => seen.push(now()?.stream));
    for (const tick of ticks) tick();
    expect(seen).toEqual(["live/a", "live/b", undefined]);
  });
});

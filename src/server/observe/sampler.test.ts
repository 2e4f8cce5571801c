import { describe, expect, it } from "vitest";
import { createFakeScheduler } from "../../../test/support/fake-scheduler.js";
import type { WorkProbe } from "../../hub/work.js";
import type { PprofModule } from "./pprof-module.js";
import { createSampler, type SamplerReader, Unshareable } from "./sampler.js";

/** A profiler that only notes what it is told. */
function createFakeTime() {
  const calls: string[] = [];
  let running = false;
  let broken = false;
  const time = {
    start({ intervalMicros = 0 }) {
      calls.push(`start ${intervalMicros}`);
      running = true;
    },
    stop(restart = false) {
      calls.push(restart ? "roll" : "stop");
      if (broken) throw new Error("broken");
      running = restart;
      return { sample: [], location: [], function: [], stringTable: { strings: [""] }, period: 0 };
    },
    setContext() {
      if (!running) throw new Error("not started");
    },
    isStarted: () => running,
  };
  return {
    time: time as unknown as PprofModule["time"],
    calls,
    foreign: () => {
      running = true;
    },
    breakDown: () => {
      broken = true;
    },
  };
}

function stage() {
  const fake = createFakeTime();
  const scheduler = createFakeScheduler();
  const probe: WorkProbe = { listener: undefined };
  const sampler = createSampler({ scheduler, probe, time: fake.time, wallOffset: () => 0 });
  const reader = (periodMicros: number, times = false): SamplerReader & { slices: number; ends: number } => {
    const made = {
      periodMicros,
      times,
      slices: 0,
      ends: 0,
      onSlice() {
        made.slices += 1;
      },
      onEnd() {
        made.ends += 1;
      },
    };
    return made;
  };
  return { ...fake, scheduler, probe, sampler, reader };
}

describe("createSampler", () => {
  it("runs only while somebody reads, and tells the media path so", () => {
    const { calls, probe, sampler, reader } = stage();
    expect(probe.listener).toBeUndefined();
    const only = reader(1000);
    const remove = sampler.add(only);
    expect(probe.listener).toBeDefined();
    remove();
    remove();
    expect(calls).toEqual(["start 1000", "stop"]);
    expect(probe.listener).toBeUndefined();
    expect(only.slices).toBe(1);
  });

  it("gives everybody the finest period that is asked for, for as long as it is", () => {
    const { calls, sampler, reader } = stage();
    const coarse = reader(10_000);
    const fine = reader(1_000);
    const removeCoarse = sampler.add(coarse);
    const removeFine = sampler.add(fine);
    // What was sampled before it came was not for it.
    expect([coarse.slices, fine.slices]).toEqual([1, 0]);
    removeFine();
    expect([coarse.slices, fine.slices]).toEqual([2, 1]);
    removeCoarse();
    expect(calls).toEqual(["start 10000", "stop", "start 1000", "stop", "start 10000", "stop"]);
  });

  it("does not start anew for a reader who wants nothing finer", () => {
    const { calls, sampler, reader } = stage();
    sampler.add(reader(1_000));
    sampler.add(reader(1_000));
    sampler.add(reader(5_000));
    expect(calls).toEqual(["start 1000", "roll", "roll"]);
    sampler.close();
  });

  it("empties it once a second, and every 220 ms for who looks on", () => {
    const { scheduler, sampler, reader } = stage();
    const only = reader(1_000);
    sampler.add(only);
    scheduler.advance(3_000);
    expect(only.slices).toBe(3);
    const remove = sampler.add(reader(1_000, true));
    scheduler.advance(1_000);
    expect(only.slices).toBe(8);
    remove();
    scheduler.advance(1_000);
    expect(only.slices).toBe(10);
    sampler.close();
  });

  it("asks for some samples in every slice, however few a reader wants", () => {
    const { calls, sampler, reader } = stage();
    sampler.add(reader(1_000_000));
    sampler.add(reader(1_000_000, true));
    expect(calls).toEqual(["start 125000", "stop", "start 27500"]);
    sampler.close();
  });

  it("refuses while somebody else profiles, and more than sixteen", () => {
    const one = stage();
    one.foreign();
    expect(() => one.sampler.add(one.reader(1000))).toThrow(Unshareable);
    const two = stage();
    for (let i = 0; i < 16; i++) two.sampler.add(two.reader(1000));
    expect(() => two.sampler.add(two.reader(1000))).toThrow(Unshareable);
    two.sampler.close();
  });

  it("ends everyone once when the profiler breaks, or all is closed", () => {
    for (const how of ["breaks", "closed"]) {
      const { scheduler, sampler, reader, breakDown, probe } = stage();
      const readers = [reader(1000), reader(2000)];
      const removes = readers.map((each) => sampler.add(each));
      if (how === "breaks") {
        breakDown();
        expect(() => scheduler.advance(1_000)).not.toThrow();
      } else sampler.close();
      for (const remove of removes) remove();
      expect(readers.map(({ ends }) => ends)).toEqual([1, 1]);
      expect(probe.listener).toBeUndefined();
    }
  });
});

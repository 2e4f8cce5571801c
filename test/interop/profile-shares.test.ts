import { afterAll, expect, it } from "vitest";
import { Hub } from "../../src/hub/hub.js";
import type { WorkProbe } from "../../src/hub/work.js";
import { flvFormat } from "../../src/media/format/flv/muxer.js";
import type { ContainerFormat } from "../../src/media/model/container.js";
import { createNodeScheduler } from "../../src/server/net/node-scheduler.js";
import { createRecorder } from "../../src/server/observe/recorder.js";
import { openPprof } from "../support/pprof.js";
import { AUDIO } from "../support/synthetic-live.js";

// The truth about a share is known where all costs are the same piece of work, done so many times: here a muxer and a
// sink do it, and a timer that has nothing to do with any stream.

const pprof = openPprof();
afterAll(() => pprof.close());

const UNIT = 60_000;
let kept = 0;

function burn(units: number): void {
  let hash = kept;
  for (let i = 0; i < units * UNIT; i++) hash = (Math.imul(hash, 31) + i) | 0;
  kept = hash;
}

/** FLV, with a muxer that takes its time. */
function costlyFlv(units: number): ContainerFormat {
  const flv = flvFormat();
  return {
    ...flv,
    createMuxer(init) {
      const muxer = flv.createMuxer(init);
      return {
        start: (...args) => muxer.start(...args),
        config: (...args) => muxer.config(...args),
        flush: (...args) => muxer.flush(...args),
        write(...args) {
          burn(units);
          muxer.write(...args);
        },
      };
    },
  };
}

it("gives each stream, each stage and what belongs to none their share, within ten points", async () => {
  const scheduler = createNodeScheduler(true);
  const probe: WorkProbe = { listener: undefined };
  const errors: unknown[] = [];
  const hub = new Hub({}, scheduler, (error) => errors.push(error), undefined, undefined, probe);
  const recorder = createRecorder({ scheduler, probe });

  /** @param mux, fanOut what a packet costs */
  function start(name: string, mux: number, fanOut: number): () => void {
    const publisher = hub.publish(name);
    publisher.describe({}, { video: false, audio: true });
    publisher.track(AUDIO);
    hub.stream(name)?.subscribe({
      format: costlyFlv(mux),
      selection: { video: true, audio: true },
      sink: {
        accept() {
          burn(fanOut);
          return "ok";
        },
        end() {},
      },
    });
    let dts = 0;
    return () => {
      dts += 20_000;
      const data = new Uint8Array(8);
      const receivedAt = scheduler.wall();
      publisher.write({ track: AUDIO, dts, pts: dts, key: true, data, receivedAt });
    };
  }
  const heavy = start("live/heavy", 12, 24);
  const light = start("live/light", 4, 8);
  let timer: NodeJS.Timeout | undefined;
  // Not in step with the profiler: two clocks that are see the same piece of work again and again.
  const turn = (): void => {
    heavy();
    light();
    burn(16);
    timer = setTimeout(turn, 5 + 10 * Math.random());
  };
  turn();

  try {
    const profile = await recorder.record(
      { what: "profile", seconds: 4, periodMicros: 1000 },
      new AbortController().signal,
    );
    if (profile === undefined) throw new Error("there is no profile");
    const streams = await pprof.shares(profile, "stream");
    expect([...streams.keys()].sort()).toEqual(["live/heavy", "live/light"]);
    expect(streams.get("live/heavy")).toBeGreaterThan(0.65);
    expect(streams.get("live/heavy")).toBeLessThan(0.85);
    const stages = await pprof.shares(profile, "stage", "-focus=burn");
    expect(stages.get("mux")).toBeGreaterThan(0.15);
    expect(stages.get("mux")).toBeLessThan(0.35);
    expect(stages.get("fan-out")).toBeGreaterThan(0.4);
    expect(stages.get("fan-out")).toBeLessThan(0.6);
    // What no stream's callback does has no stream's label: nothing bleeds.
    expect(stages.get("other")).toBeGreaterThan(0.15);
    expect(stages.get("other")).toBeLessThan(0.35);
    const text = await pprof.report(profile, "-tags", "-tagfocus=stage=other");
    expect(text).not.toContain("live/");
    expect(errors).toEqual([]);
  } finally {
    clearTimeout(timer);
    recorder.close();
    hub.close();
  }
  expect(probe.listener).toBeUndefined();
});

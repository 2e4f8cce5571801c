import { describe, expect, it } from "vitest";
import { createFakeScheduler } from "../../../test/support/fake-scheduler.js";
import { until } from "../../../test/support/until.js";
import { createQos, type WatchedViewer } from "./collector.js";

function stage(count: number) {
  const scheduler = createFakeScheduler();
  let walks = 0;
  let asked = 0;
  const reading = {
    lagMs: 5,
    heldMs: 0,
    offeredFrames: 1,
    droppedFrames: 0,
    droppedMs: 0,
    pingRttMs: undefined,
  };
  const all = Array.from({ length: count }, (_, i): WatchedViewer => {
    const names = { session: `s${i}`, protocol: "http-flv", app: "live", stream: "room" };
    return { ...names, read: () => ({ ...reading, connection: "c" }) };
  });
  const qos = createQos({
    scheduler,
    *viewers() {
      walks += 1;
      yield* all;
    },
    reports: { latest: () => undefined },
    kernel: {
      async refresh() {
        asked += 1;
      },
      rttMs: () => 7,
    },
  });
  return { scheduler, qos, walks: () => walks, asked: () => asked };
}

/** A look goes through the viewers in turns of the event loop. */
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

describe("createQos", () => {
  it("looks twice a second once somebody has asked, not when asked", async () => {
    const { scheduler, qos, walks, asked } = stage(3);
    scheduler.advance(5_000);
    expect(walks()).toBe(0);
    const rows = await qos.rows();
    expect(rows.map(({ session }) => session)).toEqual(["s0", "s1", "s2"]);
    expect(rows[0]?.quality.rttMs).toEqual({ value: 7, source: "kernel" });
    for (let i = 0; i < 10; i++) await qos.rows();
    expect(walks()).toBe(1);
    for (let look = 2; look <= 5; look++) {
      scheduler.advance(500);
      await until(() => walks() === look);
      await settled();
    }
    expect(asked()).toBe(3);
    qos.close();
  });

  it("stops a minute after the last question", async () => {
    const { scheduler, qos, walks } = stage(1);
    await qos.rows();
    scheduler.advance(61_000);
    await settled();
    const before = walks();
    scheduler.advance(10_000);
    expect(walks()).toBe(before);
    await qos.rows();
    expect(walks()).toBe(before + 1);
    qos.close();
  });
});

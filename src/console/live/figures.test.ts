import { describe, expect, it } from "vitest";
import type { AdminSession, AdminStream } from "./admin-api.js";
import { counted } from "./rate.js";
import { MAX_STREAMS, measureStreams, streamSamples } from "./stream-figures.js";
import { measureViewers, viewerSamples } from "./viewer-figures.js";

describe("a rate", () => {
  it("needs two readings, and is taken over the last four seconds", () => {
    let rate = counted(undefined, 0, 100);
    expect(rate.perSecond).toBeUndefined();
    rate = counted(rate, 1, 200);
    expect(rate.perSecond).toBe(100);
    for (let time = 2; time < 60; time++) rate = counted(rate, time, 200);
    expect(rate.perSecond).toBe(0);
    expect(rate.points.length).toBeLessThanOrEqual(6);
  });

  it("begins anew with a counter that has gone back, and takes no time twice", () => {
    const first = counted(undefined, 10, 500);
    expect(counted(first, 10, 900)).toBe(first);
    expect(counted(counted(first, 11, 600), 12, 5)).toEqual({ points: [[12, 5]], perSecond: undefined });
  });
});

const stream = (fields: Partial<AdminStream> = {}): AdminStream => ({
  app: "live",
  name: "a",
  codecs: [],
  since: "2026-01-01T00:00:00.000Z",
  live: true,
  viewers: 1,
  packets: 0,
  bytes: 0,
  ...fields,
});

describe("streams from one poll to the next", () => {
  it("have a bitrate, and lose it with another stream of the same name", () => {
    const first = measureStreams(new Map(), [stream()], 1);
    expect(first.get("live/a")?.bitrate).toBeNull();
    const second = measureStreams(first, [stream({ bytes: 1000, gopMs: 2000 })], 2);
    expect(streamSamples(second).get("live/a")).toEqual({ bitrate: 8000, gopMs: 2000, viewers: 1 });
    const again = stream({ bytes: 9000, since: "2026-01-01T01:00:00.000Z" });
    expect(measureStreams(second, [again], 3).get("live/a")?.bitrate).toBeNull();
    expect(measureStreams(second, [], 3).size).toBe(0);
  });

  it("are bounded: those with the most viewers", () => {
    const many = Array.from({ length: MAX_STREAMS + 10 }, (_none, i) => stream({ name: `${i}`, viewers: i }));
    const figures = measureStreams(new Map(), many, 1);
    expect(figures.size).toBe(MAX_STREAMS);
    expect(figures.has("live/9")).toBe(false);
    expect(figures.has("live/10")).toBe(true);
  });
});

const session = (
  report?: Record<string, unknown>,
  counters: Partial<AdminSession["counters"]> = {},
): AdminSession => ({
  id: "v",
  protocol: "http-flv",
  action: "play",
  remoteAddress: "::1",
  since: "2026-01-01T00:00:00.000Z",
  counters: { bytesIn: 0, bytesOut: 0, droppedFrames: 0, droppedMs: 0, ...counters },
  ...(report === undefined ? {} : { report }),
});

describe("viewers from one poll to the next", () => {
  it("have what their players tell, and what the server counts", () => {
    const said = { rttMs: 12, bufferMs: 300, latencyMs: 450, state: "playing" };
    const first = measureViewers(new Map(), [session({ ...said, receivedFrames: 100, droppedFrames: 0 })], 1);
    const now = session(
      { ...said, receivedFrames: 200, droppedFrames: 10 },
      { bytesOut: 500, droppedMs: 100 },
    );
    const second = measureViewers(first, [now], 2);
    const viewer = second.get("v");
    expect(viewer).toMatchObject({ bitrate: 4000, rttMs: 12, bufferMs: 300, lagMs: 450, state: "playing" });
    // A tenth of the frames that came, and a tenth of the time that the server left out.
    expect(viewer?.dropRate).toBeCloseTo(0.2);
    expect(viewerSamples(second).get("v")).toMatchObject({ rttMs: 12, bufferMs: 300, lagMs: 450 });
  });

  it("are known by the server's counts alone where their players tell nothing", () => {
    const first = measureViewers(new Map(), [session()], 1);
    const second = measureViewers(first, [session(undefined, { droppedMs: 5000 })], 2);
    expect(second.get("v")).toMatchObject({ rttMs: null, bufferMs: null, lagMs: null, dropRate: 1 });
  });

  it("may tell nonsense", () => {
    const told = { rttMs: "<b>", bufferMs: -1, latencyMs: Number.NaN, receivedFrames: {}, state: { x: 1 } };
    const [viewer] = measureViewers(new Map(), [session(told)], 1).values();
    expect(viewer).toMatchObject({ rttMs: null, bufferMs: null, lagMs: null });
    expect(viewer?.state).toBeUndefined();
    const publisher: AdminSession = { ...session(), action: "publish" };
    expect(measureViewers(new Map(), [publisher], 1).size).toBe(0);
  });
});

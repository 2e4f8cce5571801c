import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { unseenProgress } from "../engine.js";
import type { ConnectionEnd, Pipeline, Progress } from "../pipeline/pipeline.js";
import { createStreamingGate } from "./managed.js";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A pipeline that says what it is told, and whose connections end when they are told to. */
function setUp() {
  const calls: string[] = [];
  const told: Progress[] = [];
  let settle: ((end: ConnectionEnd) => void) | undefined;
  const inner: Pipeline = {
    connect: () => {
      calls.push("connect");
      return new Promise((resolve) => {
        settle = resolve;
      });
    },
    disconnect() {
      calls.push("disconnect");
      settle?.({ kind: "disconnected" });
    },
    closeSink: () => calls.push("closeSink"),
    say: () => {},
    position: () => {},
    hold: (on) => calls.push(on ? "hold" : "release"),
    close: () => calls.push("close"),
  };
  const gate = createStreamingGate({
    tracks: () => {},
    progress: (progress) => told.push(progress),
    sinkFailed: () => {},
  });
  const source = new EventTarget();
  const pipeline = gate.around(inner);
  const ends: ConnectionEnd[] = [];
  void pipeline.connect().then((end) => ends.push(end));
  gate.watch(source);
  gate.events.progress(unseenProgress(1));
  return { gate, pipeline, source, calls, told, ends, end: (how: ConnectionEnd) => settle?.(how) };
}

const fire = (source: EventTarget, name: string): boolean => source.dispatchEvent(new Event(name));

describe("what a ManagedMediaSource asks for", () => {
  it("is everything before it has said a word", () => {
    const { calls, told } = setUp();
    expect(calls).toEqual(["connect"]);
    expect(told.at(-1)?.idle).toBeUndefined();
  });

  it("is no append after endstreaming, and soon no connection; from startstreaming on both", async () => {
    const { source, calls, told, ends } = setUp();
    fire(source, "endstreaming");
    expect(calls).toEqual(["connect", "hold"]);
    expect(told.at(-1)?.idle).toBe(true);
    await vi.advanceTimersByTimeAsync(2000);
    expect(calls).toEqual(["connect", "hold", "disconnect"]);
    // Nothing is fetched however long it takes, and nobody takes it for an end.
    await vi.advanceTimersByTimeAsync(60_000);
    expect(calls).toHaveLength(3);
    fire(source, "startstreaming");
    await vi.advanceTimersByTimeAsync(0);
    expect(calls).toEqual(["connect", "hold", "disconnect", "release", "connect"]);
    expect(told.at(-1)?.idle).toBe(false);
    expect(told.at(-1)?.lastByteAt).toBeGreaterThan(1);
    expect(ends).toEqual([]);
  });

  it("keeps the connection through a short rest", async () => {
    const { source, calls } = setUp();
    fire(source, "endstreaming");
    await vi.advanceTimersByTimeAsync(1999);
    fire(source, "startstreaming");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(calls).toEqual(["connect", "hold", "release"]);
  });

  it("ends what waits when it is told to, and when it is closed", async () => {
    const first = setUp();
    fire(first.source, "endstreaming");
    await vi.advanceTimersByTimeAsync(3000);
    first.pipeline.disconnect();
    await vi.advanceTimersByTimeAsync(0);
    expect(first.ends).toEqual([{ kind: "disconnected" }]);

    const second = setUp();
    fire(second.source, "endstreaming");
    await vi.advanceTimersByTimeAsync(3000);
    second.pipeline.close();
    await vi.advanceTimersByTimeAsync(0);
    expect(second.ends).toEqual([{ kind: "disconnected" }]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("hands on how a connection ended by itself", async () => {
    const { end, ends } = setUp();
    end({ kind: "ended" });
    await vi.advanceTimersByTimeAsync(0);
    expect(ends).toEqual([{ kind: "ended" }]);
  });

  it("is heard of the present source only", async () => {
    const { gate, source, calls } = setUp();
    fire(source, "endstreaming");
    const next = new EventTarget();
    gate.watch(next);
    expect(calls.at(-1)).toBe("release");
    fire(source, "endstreaming");
    expect(calls.at(-1)).toBe("release");
    fire(next, "endstreaming");
    expect(calls.at(-1)).toBe("hold");
  });
});

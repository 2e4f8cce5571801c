import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createFakeScheduler } from "../../../../test/support/fake-scheduler.js";
import { mediaJob } from "../../contract/trace.js";
import { createSpanClock } from "./span-clock.js";
import { createTracer, type FinishedSpan } from "./tracer.js";

const randomHex = (bytes: number): string => randomBytes(bytes).toString("hex");

function setUp(sampleRatio = 1) {
  const spans: FinishedSpan[] = [];
  let now = 1_000;
  const tracer = createTracer(randomHex, {
    clock: () => now++,
    sampleRatio,
    record: (span) => spans.push(span),
  });
  return { tracer, spans };
}

describe("a tracer", () => {
  it("records a span with its parts, each once, and nothing after its end", () => {
    const { tracer, spans } = setUp();
    const whole = tracer.start("connection", { kind: "server", attributes: { a: 1 } });
    whole.rename("play");
    whole.set({ b: "two", c: undefined });
    whole.event("end", { why: "x" });
    const part = whole.start("join");
    whole.link(part.context);
    part.end();
    part.end();
    whole.end();
    whole.end();
    expect(spans).toMatchObject([
      { name: "join", kind: "internal", parentId: whole.context.spanId, failure: undefined },
      {
        name: "play",
        kind: "server",
        parentId: undefined,
        attributes: { a: 1, b: "two" },
        events: [{ name: "end", attributes: { why: "x" } }],
        links: [part.context],
      },
    ]);
    for (const { startedAt, endedAt } of spans) expect(endedAt).toBeGreaterThan(startedAt);
    expect(new Set(spans.map(({ context }) => context.traceId)).size).toBe(1);
  });

  it("ends with a whole what is under way in it, and as the whole ended", () => {
    const { tracer, spans } = setUp();
    const whole = tracer.start("publish");
    whole.start("handshake").end();
    whole.start("connect").start("deeper");
    whole.fail("malformed", "no RTMP");
    whole.fail("internal");
    whole.end();
    const failures = spans.map(({ name, failure }) => [name, failure?.reason, failure?.detail]);
    expect(failures).toEqual([
      ["handshake", undefined, undefined],
      ["deeper", "malformed", "no RTMP"],
      ["connect", "malformed", "no RTMP"],
      ["publish", "malformed", "no RTMP"],
    ]);
    // What is told late, such as when a picture was shown, still belongs to it; and it holds on to nothing.
    whole.start("first frame rendered", { startedAt: 5 }).end(7);
    expect(spans.at(-1)).toMatchObject({ parentId: whole.context.spanId, startedAt: 5, endedAt: 7 });
  });

  it("goes on with a trace that somebody else began, and keeps it if that one does", () => {
    const { tracer, spans } = setUp(0);
    const parent = { traceId: "a".repeat(32), spanId: "b".repeat(16) };
    const kept = tracer.start("play", { parent: { ...parent, sampled: true } });
    const other = tracer.start("play", { parent: { ...parent, sampled: false } });
    for (const span of [kept, other]) {
      expect(span.context.traceId).toBe(parent.traceId);
      expect(span.context.spanId).not.toBe(parent.spanId);
      span.end();
    }
    expect(spans.map(({ context, parentId }) => [context, parentId])).toEqual([
      [kept.context, parent.spanId],
    ]);
    expect(kept.traceparent).toBe(`00-${parent.traceId}-${kept.context.spanId}-01`);
    expect(other.traceparent).toBe(`00-${parent.traceId}-${other.context.spanId}-00`);
  });

  it("keeps as many of its own traces as it should", () => {
    for (const [ratio, least, most] of [
      [0, 0, 0],
      [0.25, 180, 320],
      [1, 1000, 1000],
    ] as const) {
      const { tracer, spans } = setUp(ratio);
      for (let i = 0; i < 1000; i++) tracer.start("play").end();
      expect(spans.length).toBeGreaterThanOrEqual(least);
      expect(spans.length).toBeLessThanOrEqual(most);
    }
  });

  it("gives ids and nothing else where nobody records, and no id of zeros", () => {
    const ids = ["00".repeat(16), "01".repeat(16), "00".repeat(8), "02".repeat(8)];
    const tracer = createTracer(() => ids.shift()!);
    const span = tracer.start("play");
    expect(span.context).toEqual({ traceId: "01".repeat(16), spanId: "02".repeat(8), sampled: false });
    const part = span.start("join");
    part.set(mediaJob("j"));
    part.end();
    expect(part.traceparent).toBe(span.traceparent);
    expect(tracer.recording).toBe(false);
  });

  it("is bounded in what a span may gather", () => {
    const { tracer, spans } = setUp();
    const span = tracer.start("play", { attributes: mediaJob("job-1") });
    for (let i = 0; i < 1000; i++) {
      span.event("again");
      span.link(span.context);
    }
    span.end();
    expect(spans[0]?.events.length).toBe(64);
    expect(spans[0]?.links.length).toBe(16);
    expect(spans[0]?.attributes).toEqual({ media_job_id: "job-1" });
  });
});

describe("the spans' clock", () => {
  it("tells microseconds within the wall clock's milliseconds, and follows when that is set anew", () => {
    const scheduler = createFakeScheduler();
    let set = 0;
    const clock = createSpanClock({
      now: () => scheduler.now(),
      wall: () => Math.floor((scheduler.wall() + set) / 1000) * 1000,
    });
    const begun = clock();
    for (let i = 0; i < 50; i++) {
      scheduler.advance(0.3);
      const wall = Math.floor((scheduler.wall() + set) / 1000) * 1000;
      const at = clock();
      expect(at).toBeGreaterThanOrEqual(wall);
      expect(at).toBeLessThan(wall + 1000);
    }
    expect(clock() - begun).toBe(15_000);
    set = -3_600_000_000;
    expect(clock()).toBeLessThan(begun);
  });
});

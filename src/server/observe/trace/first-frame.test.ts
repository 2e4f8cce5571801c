import { describe, expect, it } from "vitest";
import { createFakeScheduler } from "../../../../test/support/fake-scheduler.js";
import { createLogRecorder } from "../../../../test/support/rtmp-server.js";
import { readReport } from "../../qos/read-report.js";
import { createSessions } from "../../sessions.js";
import { createTracer, type FinishedSpan } from "./tracer.js";

function stage() {
  const scheduler = createFakeScheduler();
  const spans: FinishedSpan[] = [];
  let ids = 0;
  const sessions = createSessions({
    scheduler,
    log: createLogRecorder([]),
    tracer: createTracer((bytes) => (++ids).toString(16).padStart(2 * bytes, "0"), {
      clock: () => scheduler.wall(),
      sampleRatio: 1,
      record: (span) => spans.push(span),
    }),
    maxConnections: 10,
    newId: () => "s",
  });
  const session = sessions.open({ protocol: "ws-flv", remoteAddress: "" })!;
  session.begin("play", "live", "a");
  const report = (keys: object): void => {
    const read = readReport(JSON.stringify({ v: 2, sid: "s", ...keys }), scheduler.wall());
    sessions.report("s", read.report);
  };
  return { scheduler, spans, session, report };
}

describe("the first frame on the screen", () => {
  it("is a span of its viewer's trace, once, on the server's clock", () => {
    const { scheduler, spans, session, report } = stage();
    scheduler.advance(1000);
    report({ bl: 1 });
    expect(spans).toEqual([]);
    const keys = {
      "sluice-first-frame": 400,
      "sluice-first-frame-ago": 150,
      "sluice-traceparent": session.trace.traceparent,
      "sluice-path": "mse",
    };
    report(keys);
    report({ ...keys, "sluice-first-frame-ago": 2150 });
    expect(spans).toHaveLength(1);
    expect(spans[0]).toMatchObject({
      name: "first frame rendered",
      parentId: session.trace.context.spanId,
      startedAt: scheduler.wall() - 550_000,
      endedAt: scheduler.wall() - 150_000,
      attributes: { "sluice.path": "mse" },
    });
  });

  it("is not another connection's", () => {
    const { spans, session, report } = stage();
    const other = session.trace.traceparent.replace(/-\w{16}-/, "-00f067aa0ba902b7-");
    report({ "sluice-first-frame": 400, "sluice-traceparent": other });
    expect(spans).toEqual([]);
    report({ "sluice-first-frame": 400 });
    expect(spans).toHaveLength(1);
  });
});

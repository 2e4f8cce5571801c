import { describe, expect, it } from "vitest";
import { createFakeScheduler } from "../../test/support/fake-scheduler.js";
import { createLogRecorder, type LogLine } from "../../test/support/rtmp-server.js";
import { createTracer } from "./observe/trace/tracer.js";
import { createSessions } from "./sessions.js";

function setUp(maxConnections = 10) {
  const scheduler = createFakeScheduler();
  const lines: LogLine[] = [];
  const events: string[] = [];
  let n = 0;
  const sessions = createSessions({
    scheduler,
    log: createLogRecorder(lines),
    tracer: createTracer((bytes) => "ab".repeat(bytes)),
    maxConnections,
    newId: () => `s${++n}`,
    onBegin: ({ id }) => events.push(`begin ${id}`),
    onEnd: ({ id }, reason) => events.push(`end ${id} ${reason}`),
  });
  return { scheduler, lines, events, sessions };
}

const WHO = { protocol: "http-flv", remoteAddress: "10.0.0.1", userAgent: "me" };

describe("sessions", () => {
  it("log one line when they begin and one when they end, with reason and counters", () => {
    const { sessions, lines, events, scheduler } = setUp();
    const session = sessions.open(WHO)!;
    expect(lines).toEqual([]);
    expect(session).toMatchObject({ id: "s1", action: undefined, since: 1_700_000_000_000_000 });
    session.begin("play", "live", "a");
    scheduler.advance(1500);
    session.counters.bytesOut = 7;
    session.end("client-closed", "it said so");
    session.end("too-slow");
    const who = {
      session: "s1",
      trace_id: "ab".repeat(16),
      span_id: "ab".repeat(8),
      stream: "live/a",
      protocol: "http-flv",
      action: "play",
      app: "live",
      name: "a",
      remoteAddress: "10.0.0.1",
    };
    expect(lines).toEqual([
      { level: "info", message: "play begun", fields: { ...who, userAgent: "me" } },
      {
        level: "info",
        message: "play ended",
        fields: {
          ...who,
          reason: "client-closed",
          detail: "it said so",
          durationMs: 1500,
          bytesIn: 0,
          bytesOut: 7,
          packetsIn: 0,
          undecodable: 0,
          droppedFrames: 0,
          droppedMs: 0,
        },
      },
    ]);
    expect(events).toEqual(["begin s1", "end s1 client-closed"]);
    expect(sessions.size).toBe(0);
  });

  it("that never began are logged once, and are nobody's event; our own fault is an error", () => {
    const { sessions, lines, events } = setUp();
    sessions.open(WHO)?.end("denied");
    sessions.open(WHO)?.end("internal");
    const refused = sessions.open(WHO)!;
    refused.ask("play", "live", "secret");
    expect(refused).toMatchObject({ action: undefined, app: undefined, name: undefined });
    refused.end("denied", "no token");
    expect(lines[2]?.fields).toMatchObject({ action: "play", app: "live", name: "secret", reason: "denied" });
    expect(lines.map(({ level, message }) => [level, message])).toEqual([
      ["info", "connection ended"],
      ["error", "connection ended"],
      ["info", "connection ended"],
    ]);
    expect(events).toEqual([]);
  });

  it("are as many as allowed, and none after close", () => {
    const { sessions } = setUp(2);
    const first = sessions.open(WHO);
    expect(sessions.open(WHO)).toBeDefined();
    expect(sessions.open(WHO)).toBeUndefined();
    first?.end("client-closed");
    expect(sessions.open(WHO)).toBeDefined();
    sessions.close();
    expect(sessions.open(WHO)).toBeUndefined();
  });

  it("can be looked up and kicked", () => {
    const { sessions } = setUp();
    const session = sessions.open(WHO)!;
    expect(sessions.get("s1")).toBe(session);
    expect(sessions.list()).toEqual([session]);
    expect(sessions.kick("none")).toBe(false);
    expect(sessions.kick("s1")).toBe(true);
    expect(session.signal.reason).toBe("kicked");
  });

  it("that have not begun are asked to end by close, the others by abort", () => {
    const { sessions } = setUp();
    const waiting = sessions.open(WHO)!;
    const playing = sessions.open(WHO)!;
    playing.begin("play", "live", "a");
    sessions.close();
    expect([waiting.signal.reason, playing.signal.aborted]).toEqual(["shutdown", false]);
    sessions.abort("shutdown");
    expect(playing.signal.reason).toBe("shutdown");
  });
});

import { describe, expect, it } from "vitest";
import { createFakeScheduler } from "../../../test/support/fake-scheduler.js";
import { createLogRecorder, type LogLine } from "../../../test/support/rtmp-server.js";
import { MediaError } from "../../media/model/error.js";
import { createTracer } from "../observe/trace/tracer.js";
import { createSessions } from "../sessions.js";
import { addressKey, createReportDesk, type ReportDeskInit } from "./report-desk.js";

function stage(init: Partial<ReportDeskInit> = {}) {
  const scheduler = createFakeScheduler();
  const lines: LogLine[] = [];
  const log = createLogRecorder(lines);
  let ids = 0;
  const sessions = createSessions({
    scheduler,
    log,
    tracer: createTracer((bytes) => "ab".repeat(bytes)),
    maxConnections: 50_000,
    newId: () => `s${ids++}`,
    onEnd: (session) => desk.ended(session),
  });
  const desk = createReportDesk({
    scheduler,
    log,
    maxConnections: 50_000,
    keep: sessions.report,
    find: sessions.get,
    passOn: () => undefined,
    ...init,
  });
  function viewer() {
    const session = sessions.open({ protocol: "http-flv", remoteAddress: "10.0.0.1" });
    if (session === undefined) throw new Error("the server is full");
    session.begin("play", "live", "a");
    return session;
  }
  const take = (sid: string, change: object = {}, from = "10.0.0.1") =>
    desk.take(JSON.stringify({ v: 2, sid, ...change }), from);
  return { scheduler, lines, sessions, desk, viewer, take };
}

describe("the desk for reports", () => {
  it("keeps the latest of each session that plays, until a while after its end", () => {
    const { scheduler, lines, desk, viewer, take, sessions } = stage();
    const session = viewer();
    const other = sessions.open({ protocol: "rtmp", remoteAddress: "" });
    expect(desk.latest(session.id)).toBeUndefined();
    expect(take(session.id, { sn: 1, bl: 100 })).toBe("taken");
    expect(take(session.id, { sn: 2, bl: 200 })).toBe("taken");
    expect(desk.latest(session.id)).toMatchObject({ sequence: 2, bufferMs: 200, errors: [] });
    expect(session.report).toBe(desk.latest(session.id));
    // Neither one that there is not, nor one that does not play.
    expect(take("nobody")).toBe("unknown");
    expect(take(other?.id ?? "")).toBe("unknown");

    session.end("client-closed");
    expect(lines.at(-1)?.fields).toMatchObject({ reason: "client-closed", report: { sequence: 2 } });
    expect(desk.latest(session.id)).toMatchObject({ sequence: 2 });
    expect(take(session.id, { sn: 3, sta: "q" })).toBe("taken");
    expect(lines.at(-1)).toMatchObject({ level: "debug", fields: { session: session.id } });
    scheduler.advance(10_000);
    expect(desk.latest(session.id)).toMatchObject({ sequence: 3, state: "quit" });
    scheduler.advance(1);
    expect(desk.latest(session.id)).toBeUndefined();
    expect(take(session.id)).toBe("unknown");
    other?.end("client-closed");
    scheduler.advance(60_000);
    expect(scheduler.pending).toBe(0);
  });

  it("takes four a second of a session, and passes none over for another's", () => {
    const { scheduler, viewer, take } = stage();
    const [one, two] = [viewer(), viewer()];
    const outcomes = Array.from({ length: 20 }, () => take(one.id));
    expect(outcomes.filter((outcome) => outcome === "taken")).toHaveLength(8);
    expect(outcomes.at(-1)).toBe("too-many");
    expect(take(two.id)).toBe("taken");
    scheduler.advance(1_000);
    expect(Array.from({ length: 20 }, () => take(one.id)).filter((o) => o === "taken")).toHaveLength(4);
  });

  it("admits 1,000 at once of an address, a tenth of them where they are no good, IPv6 networks as one", () => {
    const { scheduler, desk, take } = stage();
    const admitted = (of: (i: number) => string, also: (from: string) => void = () => {}): number =>
      Array.from({ length: 3_000 }, (_, i) => of(i)).filter((from) => {
        const may = desk.admit(from);
        if (may) also(from);
        return may;
      }).length;
    expect(admitted(() => "10.0.0.1")).toBe(1_000);
    expect(desk.admit("10.0.0.2")).toBe(true);
    scheduler.advance(100);
    expect(admitted(() => "10.0.0.1")).toBe(50);
    expect(
      admitted(
        () => "10.0.0.3",
        (from) => take("nobody", {}, from),
      ),
    ).toBe(91);
    expect(
      admitted(
        () => "10.0.0.4",
        (from) => expect(() => desk.take("garbage", from)).toThrow(MediaError),
      ),
    ).toBe(91);
    expect(admitted((i) => `2001:db8:0:7::${i.toString(16)}`)).toBe(1_000);
  });

  it("is as it was after 30,000 made-up sessions and addresses", () => {
    const { scheduler, desk, take } = stage();
    for (let i = 0; i < 30_000; i++) {
      const from = `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;
      if (desk.admit(from)) expect(take(`made-up-${i}`, {}, from)).toBe("unknown");
    }
    // Sweeping is all that is left to do, and not for long.
    expect(scheduler.pending).toBe(1);
    scheduler.advance(60_000);
    expect(scheduler.pending).toBe(0);
  });

  it("bounds the sessions that have ended", () => {
    const { viewer, take } = stage();
    const gone = Array.from({ length: 10_001 }, () => {
      const session = viewer();
      session.end("client-closed");
      return session.id;
    });
    expect(take(gone[0] ?? "")).toBe("unknown");
    expect(take(gone[1] ?? "")).toBe("taken");
  });

  it("passes on what another process may have, and takes what others pass on", () => {
    const passed: string[] = [];
    let room = true;
    const { desk, viewer, take } = stage({
      passOn(id) {
        if (id === "bad") return undefined;
        passed.push(id);
        return room;
      },
    });
    expect(take("elsewhere")).toBe("passed-on");
    expect(take("bad")).toBe("unknown");
    room = false;
    expect(take("elsewhere")).toBe("too-many");
    const session = viewer();
    take(session.id, { bl: 5 });
    expect(passed).toEqual(["elsewhere", "elsewhere"]);
    const report = desk.latest(session.id);
    if (report === undefined) throw new Error("it was not kept");
    desk.receive([
      [session.id, { ...report, bufferMs: 6 }],
      ["nobody", report],
    ]);
    expect(desk.latest(session.id)?.bufferMs).toBe(6);
    expect(desk.latest("nobody")).toBeUndefined();
  });

  it("talks on a session's own connection", () => {
    const { desk, viewer } = stage();
    const [session, other] = [viewer(), viewer()];
    const said: unknown[] = [];
    const hear = desk.talk(session)((text) => said.push(JSON.parse(text)));
    expect(said).toEqual([{ session: session.id, traceparent: session.trace.traceparent }]);
    hear(JSON.stringify({ v: 2, sid: session.id, ts: 123, sn: 1, bl: 7 }));
    expect(said.at(-1)).toEqual({ ts: 123, sn: 1 });
    expect(session.report?.bufferMs).toBe(7);
    hear(JSON.stringify({ v: 2, sid: other.id, bl: 8 }));
    hear("garbage");
    expect(said.slice(-2)).toEqual([
      { error: "report", message: "`sid` must be this connection's own" },
      { error: "report", message: "the report must be JSON" },
    ]);
    expect(other.report).toBeUndefined();
    // Who says too much gets no answer.
    for (let i = 0; i < 100; i++) hear("garbage");
    expect(said).toHaveLength(9);
  });
});

describe("addressKey", () => {
  it.each([
    ["10.0.0.1", "10.0.0.1"],
    ["", ""],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
    ["2001:db8::1", "2001:db8:0:0"],
    ["2001:db8:1:2::9", "2001:db8:1:2"],
    ["::1", "0:0:0:0"],
    ["fe80::1", "fe80:0:0:0"],
  ])("of %s is %s", (address, key) => {
    expect(addressKey(address)).toBe(key);
  });
});

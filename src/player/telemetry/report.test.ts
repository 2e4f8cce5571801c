import { describe, expect, it } from "vitest";
import { readReport } from "../../server/qos/read-report.js";
import type { PlayerStats } from "../types.js";
import { makeReport, type ReportContext } from "./report.js";

const STATS: PlayerStats = {
  state: "playing",
  path: "mse-worker",
  codecs: ["avc1.42c01e"],
  width: 640,
  height: 360,
  latencyMs: 190.4,
  targetLatencyMs: 184.6,
  bufferMs: 171.2,
  bitrate: 1_250_400,
  bytes: 5000,
  receivedFrames: 101,
  decodedFrames: 100,
  droppedFrames: 2,
  freezes: 1,
  frozenMs: 300.7,
  playbackRate: 1.04,
  reconnects: 0,
  jumps: 3,
};
const CONTEXT: ReportContext = {
  sessionId: "abc",
  sequence: 4,
  now: 1_700_000_000_000.4,
  rttMs: 12.3,
  freezesBefore: 0,
  errors: ["timeout"],
};

describe("makeReport", () => {
  it("uses CMCD's keys and units, and names of ours with a hyphen for the rest", () => {
    const report = makeReport(STATS, CONTEXT);
    expect(report).toMatchObject({
      v: 2,
      sid: "abc",
      sn: 4,
      ts: 1_700_000_000_000,
      st: "ll",
      sta: "p",
      pr: 1.04,
      bl: 171,
      mtp: 1250,
      ltc: 190,
      dfa: 2,
      bs: true,
      bsa: 1,
      bsda: 301,
      ec: ["timeout"],
    });
    expect(report).toMatchObject({ "sluice-rtt": 12, "sluice-path": "mse-worker" });
    const cmcd = "v sid sn ts st sta pr bl mtp ltc dfa bs bsa bsda ec".split(" ");
    for (const key of Object.keys(report)) expect(cmcd.includes(key) || key.startsWith("sluice-")).toBe(true);
  });

  it("has no round trip before the first, and no errors where there were none", () => {
    const report = makeReport(STATS, { ...CONTEXT, rttMs: undefined, freezesBefore: 1, errors: [] });
    expect(report).not.toHaveProperty("sluice-rtt");
    expect(report).not.toHaveProperty("ec");
    expect(report.bs).toBe(false);
  });

  it("tells the first frame of the session that had it", () => {
    expect(makeReport(STATS, CONTEXT)).not.toHaveProperty("sluice-first-frame");
    const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const at = CONTEXT.now - 1500;
    const report = makeReport(STATS, { ...CONTEXT, firstFrame: { at, afterMs: 412.3, traceparent } });
    expect(report).toMatchObject({
      "sluice-first-frame": 412,
      "sluice-first-frame-ago": 1500,
      "sluice-traceparent": traceparent,
    });
    const { report: read } = readReport(JSON.stringify(report), 1);
    expect(read).toMatchObject({ firstFrameMs: 412, firstFrameAgoMs: 1500, traceparent });
  });

  it("tells the state in CMCD's words", () => {
    const at = (change: Partial<PlayerStats>, end?: "f" | "q") => {
      const { sta, pr } = makeReport({ ...STATS, ...change }, { ...CONTEXT, end });
      return [sta, pr];
    };
    expect(at({ state: "connecting", decodedFrames: 0 })).toEqual(["s", 0]);
    expect(at({ state: "waiting" })).toEqual(["r", 0]);
    expect(at({ state: "connecting" })).toEqual(["r", 0]);
    expect(at({}, "q")).toEqual(["q", 1.04]);
    expect(at({ state: "waiting" }, "f")).toEqual(["f", 0]);
  });

  it("is what the server reads, figure by figure", () => {
    expect(readReport(JSON.stringify(makeReport(STATS, CONTEXT)), 1)).toEqual({
      sessionId: "abc",
      sentAt: 1_700_000_000_000,
      report: {
        receivedAt: 1,
        sequence: 4,
        state: "playing",
        path: "mse-worker",
        rttMs: 12,
        bufferMs: 171,
        latencyMs: 190,
        targetLatencyMs: 185,
        playbackRate: 1.04,
        bitrate: 1_250_000,
        bytes: 5000,
        receivedFrames: 101,
        decodedFrames: 100,
        droppedFrames: 2,
        freezes: 1,
        frozenMs: 301,
        starved: true,
        jumps: 3,
        reconnects: 0,
        errors: ["timeout"],
      },
    });
  });
});

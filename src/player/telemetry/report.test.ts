import { describe, expect, it } from "vitest";
import type { PlayerStats } from "../types.js";
import { makeReport } from "./report.js";

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
  decodedFrames: 100,
  droppedFrames: 2,
  freezes: 1,
  frozenMs: 300.7,
  playbackRate: 1.04,
  reconnects: 0,
  jumps: 3,
};

describe("makeReport", () => {
  it("uses CMCD's keys and units, and names of ours with a hyphen for the rest", () => {
    const context = {
      sessionId: "abc",
      rttMs: 12.3,
      freezesBefore: 0,
      errors: ["timeout"],
      last: false,
    } as const;
    const report = makeReport(STATS, context);
    expect(report).toMatchObject({
      v: 2,
      sid: "abc",
      st: "l",
      pr: 1.04,
      bl: 171,
      mtp: 1250,
      ltc: 190,
      dfa: 2,
      bs: true,
    });
    expect(report).toMatchObject({
      "sluice-rtt": 12,
      "sluice-errors": ["timeout"],
      "sluice-path": "mse-worker",
    });
    expect(report).not.toHaveProperty("sluice-end");
    const cmcd = ["v", "sid", "st", "pr", "bl", "mtp", "ltc", "dfa", "bs"];
    for (const key of Object.keys(report)) expect(cmcd.includes(key) || key.startsWith("sluice-")).toBe(true);
  });

  it("has no round trip before the first, and says when it is the last", () => {
    const report = makeReport(STATS, {
      sessionId: "abc",
      rttMs: undefined,
      freezesBefore: 1,
      errors: [],
      last: true,
    });
    expect(report).not.toHaveProperty("sluice-rtt");
    expect(report).toMatchObject({ bs: false, "sluice-end": true });
  });
});

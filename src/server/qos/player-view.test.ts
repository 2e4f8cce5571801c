import { describe, expect, it } from "vitest";
import { playerView } from "./player-view.js";
import { readReport } from "./read-report.js";

const AT = 1_700_000_000_000_000;

describe("playerView", () => {
  it("takes from a report what is asked of it", () => {
    const text = JSON.stringify({
      v: 2,
      sid: "s",
      bl: 850,
      dfa: 3,
      bsda: 120,
      ec: ["append-failed", "timeout", "malformed"],
      "sluice-rtt": 40,
      "sluice-received": 500,
    });
    const { report } = readReport(text, AT);
    expect(playerView(report, AT + 2_000_000)).toEqual({
      at: AT,
      rttMs: 40,
      bufferMs: 850,
      receivedFrames: 500,
      lateFrames: 3,
      decodeFailures: 2,
      stalledMs: 120,
    });
  });

  it("does not go by what is old, or not there", () => {
    const { report } = readReport(JSON.stringify({ v: 2, sid: "s" }), AT);
    expect(playerView(report, AT + 10_000_001)).toBeUndefined();
    expect(playerView(undefined, AT)).toBeUndefined();
  });
});

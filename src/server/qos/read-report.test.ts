import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MediaError } from "../../media/model/error.js";
import { MAX_REPORT_BYTES, readReport } from "./read-report.js";

const WHOLE = {
  v: 2,
  sid: "abcDEF-_0123",
  sn: 7,
  ts: 1_700_000_000_123,
  st: "ll",
  sta: "r",
  pr: 1.04,
  bl: 171,
  mtp: 1250,
  ltc: 190,
  dfa: 2,
  bs: true,
  bsa: 1,
  bsda: 301,
  ec: ["timeout"],
  "sluice-path": "mse-worker",
  "sluice-rtt": 12,
  "sluice-target": 184,
  "sluice-bytes": 5000,
  "sluice-received": 101,
  "sluice-decoded": 100,
  "sluice-jumps": 3,
  "sluice-reconnects": 0,
  "sluice-first-frame": 412,
  "sluice-first-frame-ago": 30,
  "sluice-traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
};

const read = (value: unknown): ReturnType<typeof readReport> => readReport(JSON.stringify(value), 5);

describe("readReport", () => {
  it("reads CMCD's keys and ours", () => {
    expect(read(WHOLE)).toEqual({
      sessionId: "abcDEF-_0123",
      sentAt: 1_700_000_000_123,
      report: {
        receivedAt: 5,
        sequence: 7,
        state: "rebuffering",
        path: "mse-worker",
        rttMs: 12,
        bufferMs: 171,
        latencyMs: 190,
        targetLatencyMs: 184,
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
        firstFrameMs: 412,
        firstFrameAgoMs: 30,
        traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        errors: ["timeout"],
      },
    });
  });

  it("needs no more than the version and the session, and passes over what it does not know", () => {
    const { sessionId, report } = read({
      v: 2,
      sid: "a",
      cid: "x",
      __proto__: { bl: 1 },
      "com.example-x": {},
    });
    expect(sessionId).toBe("a");
    const { receivedAt, errors, ...rest } = report;
    expect([receivedAt, errors]).toEqual([5, []]);
    expect(Object.values(rest).every((value) => value === undefined)).toBe(true);
  });

  it.each([
    [{ v: 1 }, "`v` must be 2"],
    [{ sid: undefined }, "`sid` is missing"],
    [{ sid: "a b" }, "`sid` must"],
    [{ sid: "x".repeat(65) }, "`sid` must"],
    [{ bl: -1 }, "`bl` must be a number from 0 to"],
    [{ bl: "171" }, "`bl` must"],
    [{ bl: 1e300 }, "`bl` must"],
    [{ bl: null }, "`bl` must"],
    [{ bl: [171] }, "`bl` must"],
    [{ sta: "x" }, "`sta` must be one of s, p"],
    [{ sta: "constructor" }, "`sta` must"],
    [{ bs: 1 }, "`bs` must be true or false"],
    [{ ec: "timeout" }, "`ec` must be a list"],
    [{ ec: Array(17).fill("x") }, "`ec` must"],
    [{ ec: [1] }, "`ec` must"],
    [{ "sluice-path": "<script>" }, "`sluice-path` must"],
    [{ "sluice-first-frame": -1 }, "`sluice-first-frame` must"],
    [{ "sluice-traceparent": "00-x" }, "`sluice-traceparent` must"],
  ])("says what is wrong with %j", (change, message) => {
    expect(() => read({ ...WHOLE, ...change })).toThrow(MediaError);
    expect(() => read({ ...WHOLE, ...change })).toThrow(message);
  });

  it.each(["", "{", "[]", "null", "7", '"a"', " ".repeat(MAX_REPORT_BYTES + 1)])("refuses %j", (text) => {
    expect(() => readReport(text, 0)).toThrow(MediaError);
  });

  it("lets nothing but MediaErrors out, and nothing large in, whatever comes", () => {
    const odd = fc.record(
      Object.fromEntries(
        Object.keys(WHOLE).map((key) => [key, fc.option(fc.jsonValue(), { nil: undefined })]),
      ),
    );
    const changed = odd.map((change) => ({ ...WHOLE, ...change }));
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), odd, changed), (value) => {
        try {
          const { report } = read(value);
          for (const figure of Object.values(report)) {
            if (typeof figure === "number") expect(Number.isFinite(figure) && figure >= 0).toBe(true);
          }
          expect(JSON.stringify(report).length).toBeLessThan(2_500);
        } catch (error) {
          if (!(error instanceof MediaError)) throw error;
        }
      }),
    );
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { startOf } from "./event-feed.js";
import { EventLog } from "./event-log.js";

const textOf = (log: EventLog, seq: number): string | undefined => {
  const batch = log.bytesOf(seq);
  return batch === undefined ? undefined : Buffer.from(batch.bytes).toString();
};

function filled(count: number, capacity = 10): EventLog {
  const log = new EventLog("abc", capacity);
  for (let i = 1; i <= count; i++) log.tell("tick", { i });
  return log;
}

describe("an event log", () => {
  it("numbers events and writes each as server-sent events have it", () => {
    const log = filled(2);
    expect(log.last).toBe(2);
    expect(textOf(log, 2)).toBe('id: abc-2\nevent: tick\ndata: {"i":2}\n\n');
    expect(log.bytesOf(2)).toBe(log.bytesOf(2));
    expect(textOf(log, 3)).toBeUndefined();
  });

  it("keeps no line feed that could end an event early", () => {
    const log = new EventLog("abc");
    log.tell("x", { name: "a\n\ndata: forged" });
    expect(textOf(log, 1)?.split("\n")).toHaveLength(5);
  });

  it("keeps the newest, at least as many as it was told and at most twice that", () => {
    const log = filled(1_000);
    const kept = log.last - log.floor;
    expect(kept).toBeGreaterThanOrEqual(10);
    expect(kept).toBeLessThan(20);
    expect(textOf(log, log.floor)).toBeUndefined();
    expect(textOf(log, log.floor + 1)).toContain(`"i":${log.floor + 1}}`);
    expect(textOf(log, 1_000)).toContain('"i":1000}');
  });

  it("is the same in a process that follows, and forgets what is before a hole", () => {
    const origin = filled(5);
    const mirror = new EventLog("other");
    mirror.adopt(origin.news);
    expect(mirror.idOf(5)).toBe("abc-5");
    expect(textOf(mirror, 5)).toBe(textOf(origin, 5));
    const record = (seq: number) => ({ seq, type: "tick", data: "{}" });
    mirror.adopt({ boot: "abc", before: 5, records: [record(6)] });
    // Told twice, as when it begins to follow anew.
    mirror.adopt({ boot: "abc", before: 4, records: [record(5), record(6)] });
    expect([mirror.floor, mirror.last]).toEqual([0, 6]);
    mirror.adopt({ boot: "abc", before: 8, records: [record(9)] });
    expect([mirror.floor, mirror.last]).toEqual([8, 9]);
    expect(textOf(mirror, 6)).toBeUndefined();
    mirror.adopt({ boot: "new", before: 0, records: [record(1)] });
    expect([mirror.boot, mirror.floor, mirror.last]).toEqual(["new", 0, 1]);
  });
});

describe("where a reader begins", () => {
  it("is the end, where it was, or the oldest that is kept, with a gap", () => {
    const log = filled(100);
    expect(startOf(log, undefined)).toEqual({ cursor: 100, resumed: false, gap: false });
    expect(startOf(log, "abc-95")).toEqual({ cursor: 95, resumed: true, gap: false });
    expect(startOf(log, "abc-100")).toEqual({ cursor: 100, resumed: true, gap: false });
    expect(startOf(log, "abc-3")).toEqual({ cursor: log.floor, resumed: false, gap: true });
    expect(startOf(log, "abc-101")).toEqual({ cursor: log.floor, resumed: false, gap: true });
    expect(startOf(log, "xyz-95")).toEqual({ cursor: log.floor, resumed: false, gap: true });
  });

  it("is within the log whatever it says", () => {
    const log = filled(37);
    const id = fc.oneof(
      fc.string(),
      fc.tuple(fc.constantFrom("abc", "abd", ""), fc.integer()).map(([boot, n]) => `${boot}-${n}`),
    );
    fc.assert(
      fc.property(id, (lastEventId) => {
        const { cursor, resumed, gap } = startOf(log, lastEventId);
        expect(cursor).toBeGreaterThanOrEqual(log.floor);
        expect(cursor).toBeLessThanOrEqual(log.last);
        expect(resumed && gap).toBe(false);
      }),
    );
  });
});

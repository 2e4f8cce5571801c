import { describe, expect, it } from "vitest";
import { createFakeScheduler } from "../../../test/support/fake-scheduler.js";
import type { QualityReport } from "../contract/quality.js";
import { createReportBatch, type ReportEntry } from "./report-batch.js";

const report = (sequence: number): QualityReport => ({ sequence }) as QualityReport;

function stage() {
  const scheduler = createFakeScheduler();
  const sent: (readonly ReportEntry[])[] = [];
  let settle: ((failed?: Error) => void) | undefined;
  const batch = createReportBatch({
    scheduler,
    everyMs: 500,
    send(entries) {
      sent.push(entries);
      return new Promise((resolve, reject) => {
        settle = (failed) => (failed === undefined ? resolve(undefined) : reject(failed));
      });
    },
  });
  const answered = async (failed?: Error): Promise<void> => {
    settle?.(failed);
    await Promise.resolve();
    await Promise.resolve();
  };
  return { scheduler, sent, batch, answered };
}

describe("a batch of reports", () => {
  it("is one message for all within its time, with the latest of each session", () => {
    const { scheduler, sent, batch } = stage();
    batch.add("a", report(1));
    scheduler.advance(300);
    batch.add("a", report(2));
    batch.add("b", report(1));
    scheduler.advance(199);
    expect(sent).toEqual([]);
    scheduler.advance(1);
    expect(sent).toEqual([
      [
        ["a", report(2)],
        ["b", report(1)],
      ],
    ]);
    expect(scheduler.pending).toBe(0);
  });

  it("waits for the one under way, answered or not, and takes no more than 1,000 sessions", async () => {
    const { scheduler, sent, batch, answered } = stage();
    batch.add("a", report(1));
    scheduler.advance(500);
    const taken = Array.from({ length: 1_500 }, (_, i) => batch.add(`s${i}`, report(2)));
    expect(taken.filter(Boolean)).toHaveLength(1_000);
    expect(batch.add("s5", report(3))).toBe(true);
    scheduler.advance(5_000);
    expect(sent).toHaveLength(1);
    await answered(new Error("no answer"));
    scheduler.advance(500);
    expect(sent.map(({ length }) => length)).toEqual([1, 1_000]);
    expect(sent[1]?.[5]).toEqual(["s5", report(3)]);
    await answered();
    expect(scheduler.pending).toBe(0);
  });

  it("sends nothing once it is closed", () => {
    const { scheduler, sent, batch } = stage();
    batch.add("a", report(1));
    batch.close();
    expect(batch.add("a", report(2))).toBe(false);
    scheduler.advance(1_000);
    expect(sent).toEqual([]);
    expect(scheduler.pending).toBe(0);
  });
});

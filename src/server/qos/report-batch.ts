import type { Cancel, Scheduler } from "../../hub/scheduler.js";
import type { QualityReport } from "../contract/quality.js";

/** A session's latest report on its way to the process that has the session. */
export type ReportEntry = readonly [sessionId: string, report: QualityReport];

export interface ReportBatchInit {
  readonly scheduler: Scheduler;
  /** How long reports are gathered, milliseconds. */
  readonly everyMs: number;
  /** Sends what was gathered; settles once the other process has taken it. */
  send(entries: readonly ReportEntry[]): Promise<unknown>;
}

/** Sessions in one batch: of each the latest report alone; those of more are left out. */
const MAX_SESSIONS = 1_000;

/** Reports for another process: one message for all that come within a time, and one under way. */
export interface ReportBatch {
  /** False where it was left out. */
  add(sessionId: string, report: QualityReport): boolean;
  /** Forgets what it holds. Idempotent. */
  close(): void;
}

export function createReportBatch({ scheduler, everyMs, send }: ReportBatchInit): ReportBatch {
  const gathered = new Map<string, QualityReport>();
  let cancel: Cancel | undefined;
  let underWay = false;
  let closed = false;

  function schedule(): void {
    if (closed || underWay || gathered.size === 0) return;
    cancel ??= scheduler.after(everyMs, () => {
      cancel = undefined;
      underWay = true;
      const entries = [...gathered];
      gathered.clear();
      // What is lost is lost: the next report says more.
      const over = (): void => {
        underWay = false;
        schedule();
      };
      send(entries).then(over, over);
    });
  }

  return {
    add(sessionId, report) {
      if (closed || (gathered.size >= MAX_SESSIONS && !gathered.has(sessionId))) return false;
      gathered.set(sessionId, report);
      schedule();
      return true;
    },
    close() {
      closed = true;
      cancel?.();
      gathered.clear();
    },
  };
}

import type { AdminSession } from "./admin-api.js";
import type { Figure } from "./history.js";
import { type Counted, counted } from "./rate.js";

/** A viewer with what can be told from one poll to the next. What is not known is null. */
export interface ViewerFigures {
  readonly session: AdminSession;
  readonly counters: ViewerCounters;
  /** Bits per second sent to it. */
  readonly bitrate: Figure;
  /** By its own account, milliseconds: the round trip, media ahead of the picture, and picture behind the live edge. */
  readonly rttMs: Figure;
  readonly bufferMs: Figure;
  readonly lagMs: Figure;
  /** 0 to 1: what the server left out for it, and of the frames that came what its player dropped. */
  readonly dropRate: Figure;
  /** What its player says that it is doing, such as `playing`. */
  readonly state: string | undefined;
}

interface ViewerCounters {
  readonly sent: Counted;
  readonly leftOutMs: Counted;
  readonly received: Counted | undefined;
  readonly dropped: Counted | undefined;
}

export const VIEWER_FIELDS = ["rttMs", "dropRate", "bufferMs", "lagMs"] as const;
export type ViewerField = (typeof VIEWER_FIELDS)[number];

/** @param time when the list came, seconds */
export function measureViewers(
  before: ReadonlyMap<string, ViewerFigures>,
  sessions: readonly AdminSession[],
  time: number,
): ReadonlyMap<string, ViewerFigures> {
  const viewers = sessions.filter(({ action }) => action === "play");
  return new Map(
    viewers.map((session) => [session.id, measure(before.get(session.id)?.counters, session, time)]),
  );
}

function measure(before: ViewerCounters | undefined, session: AdminSession, time: number): ViewerFigures {
  const { counters: totals, report } = session;
  const count = (field: string, known: Counted | undefined): Counted | undefined => {
    const total = figure(report, field);
    return total === null ? undefined : counted(known, time, total);
  };
  const counters: ViewerCounters = {
    sent: counted(before?.sent, time, totals.bytesOut),
    leftOutMs: counted(before?.leftOutMs, time, totals.droppedMs),
    received: count("receivedFrames", before?.received),
    dropped: count("droppedFrames", before?.dropped),
  };
  const { perSecond } = counters.sent;
  const state = report?.state;
  return {
    session,
    counters,
    bitrate: perSecond === undefined ? null : perSecond * 8,
    rttMs: figure(report, "rttMs"),
    bufferMs: figure(report, "bufferMs"),
    lagMs: figure(report, "latencyMs"),
    dropRate: dropRate(counters),
    state: typeof state === "string" ? state.slice(0, 20) : undefined,
  };
}

/** The server counts media time, the player frames: each is a share of its own whole. */
function dropRate({ leftOutMs, received, dropped }: ViewerCounters): Figure {
  if (leftOutMs.perSecond === undefined) return null;
  const byServer = leftOutMs.perSecond / 1000;
  const came = received?.perSecond ?? 0;
  const byPlayer = came > 0 ? (dropped?.perSecond ?? 0) / came : 0;
  return Math.min(1, byServer + byPlayer);
}

function figure(report: AdminSession["report"], field: string): Figure {
  const value = report?.[field];
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : null;
}

/** What goes into the charts. */
export function viewerSamples(
  figures: ReadonlyMap<string, ViewerFigures>,
): ReadonlyMap<string, Record<ViewerField, Figure>> {
  return new Map(
    [...figures].map(([id, { rttMs, dropRate, bufferMs, lagMs }]) => [
      id,
      { rttMs, dropRate, bufferMs, lagMs },
    ]),
  );
}

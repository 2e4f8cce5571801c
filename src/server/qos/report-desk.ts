import type { Cancel, Scheduler } from "../../hub/scheduler.js";
import { MediaError } from "../../media/model/error.js";
import type { Talk } from "../contract/exchange.js";
import type { Logger } from "../contract/logger.js";
import type { QualityReport, QualityReports } from "../contract/quality.js";
import type { Session, SessionInfo } from "../contract/session.js";
import { BoundedMap } from "./bounded-map.js";
import { RateLimiter } from "./rate-limiter.js";
import { type ReceivedReport, readReport } from "./read-report.js";
import type { ReportEntry } from "./report-batch.js";

/** Our player reports twice a second over WebSocket, every two seconds over fetch. */
const PER_SESSION = { perSecond: 4, burst: 8 };
/** Behind one address there may be a company, or a proxy for everybody: what is valid is bounded by its sessions. */
const PER_ADDRESS = { perSecond: 500, burst: 1_000, maxKeys: 10_000 };
/** What a report that is no good costs its address: so 50 a second of them. */
const BAD_COSTS = 10;
/** A beacon at a player's end may come after its connection's. */
const GRACE_MS = 10_000;
const MAX_ENDED = 10_000;
const SWEEP_MS = 5_000;

/**
 * What became of a report.
 *
 * - `taken`: it is its session's latest
 * - `passed-on`: another process of the server may have the session
 * - `unknown`: no session of this id plays, or did a moment ago
 * - `too-many`: of this session, or from this address
 */
export type ReportOutcome = "taken" | "passed-on" | "unknown" | "too-many";

export interface ReportDeskInit {
  readonly scheduler: Scheduler;
  readonly log: Logger;
  /** Sessions at once. */
  readonly maxConnections: number;
  /** Keeps a report with its session. False where none of this id plays here. */
  keep(sessionId: string, report: QualityReport): boolean;
  find(sessionId: string): SessionInfo | undefined;
  /** Passes a report on to the process that has the session; undefined where there is no other that could. */
  passOn(sessionId: string, report: QualityReport): boolean | undefined;
}

/** Where players' reports come in. */
export interface ReportDesk extends QualityReports {
  /** Whether this address may send one now. */
  admit(remoteAddress: string): boolean;
  /** Takes a report that was posted. @throws MediaError */
  take(text: string, remoteAddress: string): ReportOutcome;
  /** The texts on a session's own WebSocket. */
  talk(session: Pick<Session, "id" | "trace">): Talk;
  /** Takes what came in at other processes. */
  receive(entries: readonly ReportEntry[]): void;
  /** A session has ended: for a while its last report may still come. */
  ended(session: SessionInfo): void;
  close(): void;
}

interface Ended {
  /** Microseconds. */
  readonly at: number;
  report: QualityReport | undefined;
}

export function createReportDesk(init: ReportDeskInit): ReportDesk {
  const { scheduler, log } = init;
  const sessions = new RateLimiter({ ...PER_SESSION, maxKeys: init.maxConnections + MAX_ENDED });
  const addresses = new RateLimiter(PER_ADDRESS);
  const ended = new BoundedMap<Ended>(MAX_ENDED);
  let stopSweeping: Cancel | undefined;

  function sweep(): void {
    const now = scheduler.now();
    for (const [id, { at }] of ended) {
      if (now - at <= GRACE_MS * 1000) break;
      ended.delete(id);
    }
    sessions.sweep(now);
    addresses.sweep(now);
    if (ended.size + sessions.size + addresses.size > 0) return;
    stopSweeping?.();
    stopSweeping = undefined;
  }

  /** The tables are emptied by themselves once nobody comes any more. */
  function watch(): void {
    stopSweeping ??= scheduler.every(SWEEP_MS, sweep);
  }

  function justEnded(id: string): Ended | undefined {
    const gone = ended.get(id);
    return gone !== undefined && scheduler.now() - gone.at <= GRACE_MS * 1000 ? gone : undefined;
  }

  function keep(id: string, report: QualityReport): boolean {
    if (init.keep(id, report)) return true;
    const gone = justEnded(id);
    if (gone === undefined) return false;
    gone.report = report;
    log.debug({ session: id, report }, "a player's last report");
    return true;
  }

  function isHere(id: string): boolean {
    return init.find(id)?.action === "play" || justEnded(id) !== undefined;
  }

  function mayReport(id: string): boolean {
    watch();
    return sessions.take(id, scheduler.now());
  }

  function accept({ sessionId, report }: ReceivedReport): ReportOutcome {
    // Only those that there are have a place in the table: names that somebody makes up do not.
    if (isHere(sessionId)) return mayReport(sessionId) && keep(sessionId, report) ? "taken" : "too-many";
    const passed = init.passOn(sessionId, report);
    if (passed === undefined) return "unknown";
    return passed ? "passed-on" : "too-many";
  }

  function answer(session: Pick<Session, "id">, text: string): object | undefined {
    if (!mayReport(session.id)) return undefined;
    try {
      const { sessionId, sentAt, report } = readReport(text, scheduler.wall());
      if (sessionId !== session.id) throw new MediaError("malformed", "`sid` must be this connection's own");
      keep(sessionId, report);
      return { ts: sentAt, sn: report.sequence };
    } catch (error) {
      if (error instanceof MediaError) return { error: "report", message: error.message };
      throw error;
    }
  }

  return {
    admit(remoteAddress) {
      watch();
      return addresses.take(addressKey(remoteAddress), scheduler.now());
    },
    take(text, remoteAddress) {
      let good = false;
      try {
        const outcome = accept(readReport(text, scheduler.wall()));
        good = outcome !== "unknown";
        return outcome;
      } finally {
        if (!good) addresses.charge(addressKey(remoteAddress), BAD_COSTS, scheduler.now());
      }
    },
    talk: (session) => (say) => {
      say(JSON.stringify({ session: session.id, traceparent: session.trace.traceparent }));
      return (text) => {
        const said = answer(session, text);
        if (said !== undefined) say(JSON.stringify(said));
      };
    },
    receive(entries) {
      for (const [id, report] of entries) if (isHere(id) && mayReport(id)) keep(id, report);
    },
    ended(session) {
      if (session.action !== "play") return;
      ended.set(session.id, { at: scheduler.now(), report: session.report });
      watch();
    },
    latest: (id) => init.find(id)?.report ?? justEnded(id)?.report,
    close() {
      stopSweeping?.();
    },
  };
}

/** IPv6 hosts have as many addresses as they like, within one network of 64 bits (RFC 4291 section 2.5.1). */
export function addressKey(address: string): string {
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.split("::");
  const groups = head === "" ? [] : head.split(":");
  const last = tail === undefined || tail === "" ? 0 : tail.split(":").length;
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - groups.length - last);
  return [...groups, ...Array<string>(zeros).fill("0"), ...(tail ?? "").split(":")].slice(0, 4).join(":");
}

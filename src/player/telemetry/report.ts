import type { PlayerError, PlayerStats } from "../types.js";

/**
 * What a player tells its server. The keys of CTA-5004 (CMCD) where there is one, with its units; what it does not
 * know has a name of ours with a hyphen, as section 3.2 asks for.
 */
export interface PlayerReport {
  /** CMCD version. */
  readonly v: 2;
  /** The session id that the stream's response carried. */
  readonly sid: string;
  /** Stream type: live. */
  readonly st: "l";
  /** Playback rate. */
  readonly pr: number;
  /** Buffer length, milliseconds. */
  readonly bl: number;
  /** Measured throughput, kbit/s. */
  readonly mtp: number;
  /** Live stream latency: behind the live edge, milliseconds. */
  readonly ltc: number;
  /** Frames dropped so far. */
  readonly dfa: number;
  /** Whether the buffer ran dry since the last report. */
  readonly bs: boolean;
  readonly "sluice-state": PlayerStats["state"];
  readonly "sluice-path": PlayerStats["path"];
  /** Of the last report's own round trip, milliseconds; absent in the first. */
  readonly "sluice-rtt"?: number;
  readonly "sluice-target": number;
  readonly "sluice-bytes": number;
  readonly "sluice-decoded": number;
  readonly "sluice-freezes": number;
  readonly "sluice-frozen": number;
  readonly "sluice-jumps": number;
  readonly "sluice-reconnects": number;
  /** Codes of the errors since the last report, the newest last. */
  readonly "sluice-errors": readonly PlayerError["code"][];
  /** It is the last one. */
  readonly "sluice-end"?: true;
}

/** What a report is made of beside the statistics. */
export interface ReportContext {
  readonly sessionId: string;
  readonly rttMs: number | undefined;
  readonly freezesBefore: number;
  readonly errors: readonly PlayerError["code"][];
  readonly last: boolean;
}

/** Pure: the statistics of a moment as a report. */
export function makeReport(stats: PlayerStats, context: ReportContext): PlayerReport {
  const { sessionId, rttMs, freezesBefore, errors, last } = context;
  return {
    v: 2,
    sid: sessionId,
    st: "l",
    pr: stats.playbackRate,
    bl: Math.round(stats.bufferMs),
    mtp: Math.round(stats.bitrate / 1000),
    ltc: Math.round(stats.latencyMs),
    dfa: stats.droppedFrames,
    bs: stats.freezes > freezesBefore,
    "sluice-state": stats.state,
    "sluice-path": stats.path,
    ...(rttMs === undefined ? {} : { "sluice-rtt": Math.round(rttMs) }),
    "sluice-target": Math.round(stats.targetLatencyMs),
    "sluice-bytes": stats.bytes,
    "sluice-decoded": stats.decodedFrames,
    "sluice-freezes": stats.freezes,
    "sluice-frozen": Math.round(stats.frozenMs),
    "sluice-jumps": stats.jumps,
    "sluice-reconnects": stats.reconnects,
    "sluice-errors": errors,
    ...(last ? { "sluice-end": true as const } : {}),
  };
}

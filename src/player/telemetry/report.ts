import type { PlayerError, PlayerStats } from "../types.js";

/**
 * What a player tells its server. The keys of CTA-5004-B (CMCD 2) where there is one, with its units; what it does not
 * know has a name of ours with a hyphen, as section 3.2 asks for.
 */
export interface PlayerReport {
  /** CMCD version. */
  readonly v: 2;
  /** The session id that the server gave the stream's connection. */
  readonly sid: string;
  /** Counts the reports of a session, from 0. */
  readonly sn: number;
  /** When it was made, milliseconds since the Unix epoch. */
  readonly ts: number;
  /** Stream type: live with low latency. */
  readonly st: "ll";
  /** Starting, playing, rebuffering; failed or quit in the last one. */
  readonly sta: "s" | "p" | "r" | "f" | "q";
  /** Playback rate; 0 while nothing moves. */
  readonly pr: number;
  /** Buffer length, milliseconds. */
  readonly bl: number;
  /** Measured throughput, kbit/s: of live media that is its bitrate. */
  readonly mtp: number;
  /** Live stream latency: behind the live edge, milliseconds. */
  readonly ltc: number;
  /** Frames dropped so far. */
  readonly dfa: number;
  /** Whether the buffer ran dry since the last report. */
  readonly bs: boolean;
  /** How often it did so far, and for how long in all, milliseconds. */
  readonly bsa: number;
  readonly bsda: number;
  /** Codes of the errors since the last report, the newest last. */
  readonly ec?: readonly PlayerError["code"][];
  readonly "sluice-path": PlayerStats["path"];
  /** Of the last report's own round trip, milliseconds; absent in the first. */
  readonly "sluice-rtt"?: number;
  readonly "sluice-target": number;
  readonly "sluice-bytes": number;
  readonly "sluice-received": number;
  readonly "sluice-decoded": number;
  readonly "sluice-jumps": number;
  readonly "sluice-reconnects": number;
  /** From the request to the first frame on the screen, and how long ago that was, milliseconds: of the session that had it. */
  readonly "sluice-first-frame"?: number;
  readonly "sluice-first-frame-ago"?: number;
  /** The server's span that the first frame closes the trace of. */
  readonly "sluice-traceparent"?: string;
}

/** When the session's first frame was on the screen. */
export interface FirstFrame {
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  /** Since the request, milliseconds. */
  readonly afterMs: number;
  readonly traceparent: string | undefined;
}

/** What a report is made of beside the statistics. */
export interface ReportContext {
  readonly sessionId: string;
  readonly sequence: number;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
  readonly rttMs: number | undefined;
  readonly freezesBefore: number;
  readonly errors: readonly PlayerError["code"][];
  readonly firstFrame?: FirstFrame | undefined;
  /** It is the last one, and why. */
  readonly end?: "f" | "q" | undefined;
}

/** Pure: the statistics of a moment as a report. */
export function makeReport(stats: PlayerStats, context: ReportContext): PlayerReport {
  const { rttMs, errors } = context;
  const playing = stats.state === "playing";
  return {
    v: 2,
    sid: context.sessionId,
    sn: context.sequence,
    ts: Math.round(context.now),
    st: "ll",
    sta: context.end ?? (playing ? "p" : stats.decodedFrames > 0 ? "r" : "s"),
    pr: playing ? stats.playbackRate : 0,
    bl: Math.round(stats.bufferMs),
    mtp: Math.round(stats.bitrate / 1000),
    ltc: Math.round(stats.latencyMs),
    dfa: stats.droppedFrames,
    bs: stats.freezes > context.freezesBefore,
    bsa: stats.freezes,
    bsda: Math.round(stats.frozenMs),
    ...(errors.length === 0 ? {} : { ec: errors }),
    "sluice-path": stats.path,
    ...(rttMs === undefined ? {} : { "sluice-rtt": Math.round(rttMs) }),
    "sluice-target": Math.round(stats.targetLatencyMs),
    "sluice-bytes": stats.bytes,
    "sluice-received": stats.receivedFrames,
    "sluice-decoded": stats.decodedFrames,
    "sluice-jumps": stats.jumps,
    "sluice-reconnects": stats.reconnects,
    ...(context.firstFrame && firstFrameKeys(context.firstFrame, context.now)),
  };
}

/** In each report of its session: any of them may be lost. */
function firstFrameKeys({ at, afterMs, traceparent }: FirstFrame, now: number): Partial<PlayerReport> {
  return {
    "sluice-first-frame": Math.round(afterMs),
    "sluice-first-frame-ago": Math.round(Math.max(0, now - at)),
    ...(traceparent === undefined ? {} : { "sluice-traceparent": traceparent }),
  };
}

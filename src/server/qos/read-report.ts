import { MediaError } from "../../media/model/error.js";
import type { PlayerState, QualityReport } from "../contract/quality.js";

/** A report as it came. */
export interface ReceivedReport {
  /** The session that it says it is about. */
  readonly sessionId: string;
  /** When the player sent it, by the player's clock, milliseconds; told back to it over WebSocket. */
  readonly sentAt: number | undefined;
  readonly report: QualityReport;
}

/** The longest report, bytes; the player's own are a tenth of it. */
export const MAX_REPORT_BYTES: number = 4 * 1024;

const MAX_MS = 1e9;
const MAX_COUNT = 1e12;
const MAX_ERRORS = 16;
const SESSION_ID = /^[\w-]{1,64}$/;
/** W3C Trace Context, version 00: what we have given out. */
const TRACEPARENT = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;
const WORD = /^[\w.-]{1,64}$/;
/** CTA-5004-B, `sta`. */
const STATES: Readonly<Record<string, PlayerState>> = {
  s: "starting",
  p: "playing",
  k: "seeking",
  r: "rebuffering",
  a: "paused",
  e: "ended",
  f: "failed",
  q: "quit",
  d: "preloading",
};

/**
 * Reads a player's report: a JSON object with CMCD's keys (CTA-5004-B) where there is one, and `sluice-` keys. Keys that
 * are not known are passed over, values are checked one by one.
 *
 * @param receivedAt microseconds since the Unix epoch
 * @throws MediaError that names the key
 */
export function readReport(text: string, receivedAt: number): ReceivedReport {
  const keys = readObject(text);
  if (keys.v !== 2) throw wrong("v", "must be 2, the version of CMCD");
  return {
    sessionId: readWord(keys, "sid", SESSION_ID) ?? missing("sid"),
    sentAt: readNumber(keys, "ts", Number.MAX_SAFE_INTEGER),
    report: {
      receivedAt,
      sequence: readWhole(keys, "sn", MAX_COUNT),
      state: readState(keys),
      path: readWord(keys, "sluice-path", WORD),
      rttMs: readWhole(keys, "sluice-rtt", MAX_MS),
      bufferMs: readWhole(keys, "bl", MAX_MS),
      latencyMs: readWhole(keys, "ltc", MAX_MS),
      targetLatencyMs: readWhole(keys, "sluice-target", MAX_MS),
      playbackRate: readNumber(keys, "pr", 100),
      bitrate: kilobits(readNumber(keys, "mtp", MAX_MS)),
      bytes: readWhole(keys, "sluice-bytes", Number.MAX_SAFE_INTEGER),
      receivedFrames: readWhole(keys, "sluice-received", MAX_COUNT),
      decodedFrames: readWhole(keys, "sluice-decoded", MAX_COUNT),
      droppedFrames: readWhole(keys, "dfa", MAX_COUNT),
      freezes: readWhole(keys, "bsa", MAX_COUNT),
      frozenMs: readWhole(keys, "bsda", MAX_MS),
      starved: readBoolean(keys, "bs"),
      jumps: readWhole(keys, "sluice-jumps", MAX_COUNT),
      reconnects: readWhole(keys, "sluice-reconnects", MAX_COUNT),
      firstFrameMs: readWhole(keys, "sluice-first-frame", MAX_MS),
      firstFrameAgoMs: readWhole(keys, "sluice-first-frame-ago", MAX_MS),
      traceparent: readWord(keys, "sluice-traceparent", TRACEPARENT),
      errors: readErrors(keys),
    },
  };
}

type Keys = Readonly<Record<string, unknown>>;

function readObject(text: string): Keys {
  // In bytes it is no less than in UTF-16 code units: whoever hands it over has looked at the bytes.
  if (text.length > MAX_REPORT_BYTES) throw new MediaError("limit", "the report is too long");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new MediaError("malformed", "the report must be JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new MediaError("malformed", "the report must be a JSON object");
  }
  return value as Keys;
}

function readNumber(keys: Keys, key: string, max: number): number | undefined {
  const value = keys[key];
  if (value === undefined) return undefined;
  // NaN fails both comparisons.
  if (typeof value === "number" && value >= 0 && value <= max) return value;
  throw wrong(key, `must be a number from 0 to ${max}`);
}

function readWhole(keys: Keys, key: string, max: number): number | undefined {
  const value = readNumber(keys, key, max);
  return value === undefined ? undefined : Math.round(value);
}

function kilobits(value: number | undefined): number | undefined {
  return value === undefined ? undefined : Math.round(value * 1000);
}

function readBoolean(keys: Keys, key: string): boolean | undefined {
  const value = keys[key];
  if (value === undefined || typeof value === "boolean") return value;
  throw wrong(key, "must be true or false");
}

function readWord(keys: Keys, key: string, pattern: RegExp): string | undefined {
  const value = keys[key];
  if (value === undefined) return undefined;
  if (typeof value === "string" && pattern.test(value)) return value;
  throw wrong(key, `must be a string that matches ${pattern.source}`);
}

function readState(keys: Keys): PlayerState | undefined {
  const { sta } = keys;
  if (sta === undefined) return undefined;
  if (typeof sta === "string" && Object.hasOwn(STATES, sta)) return STATES[sta];
  throw wrong("sta", `must be one of ${Object.keys(STATES).join(", ")}`);
}

function readErrors({ ec }: Keys): readonly string[] {
  if (ec === undefined) return [];
  const words = Array.isArray(ec) && ec.length <= MAX_ERRORS ? (ec as readonly unknown[]) : undefined;
  if (words?.every((word): word is string => typeof word === "string" && WORD.test(word))) return words;
  throw wrong("ec", `must be a list of at most ${MAX_ERRORS} strings that match ${WORD.source}`);
}

function wrong(key: string, rule: string): MediaError {
  return new MediaError("malformed", `\`${key}\` ${rule}`);
}

function missing(key: string): never {
  throw wrong(key, "is missing: the session id of the stream's response, `X-Sluice-Session`");
}

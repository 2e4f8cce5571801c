import type { HeaderName } from "./headers.js";
import { readNumber } from "./scan.js";

/** Of what a network is said to carry, so much may be video: estimates are rough, and a live stream has no spare time. */
const SHARE = 0.8;
/** From this round trip on every loss stalls noticeably: half must do. */
const LONG_RTT_MS = 300;
const LONG_RTT_SHARE = 0.5;

/** Bits per second of the effective connection types, and the round trips from which they count (Network Information API). */
const TYPES: readonly (readonly [type: string, bitrate: number, rttMs: number])[] = [
  ["slow-2g", 50_000, 2000],
  ["2g", 70_000, 1400],
  ["3g", 700_000, 270],
  ["4g", Number.POSITIVE_INFINITY, 0],
];

const MAX_DOWNLINK_MBIT = 100_000;
const MAX_RTT_MS = 100_000;

export interface NetworkLimit {
  /** Bits per second that the network is good for; Infinity where it sets no limit. */
  readonly bitrate: number;
  readonly by: HeaderName;
}

/** What `Downlink`, `ECT` and `RTT` say; undefined where none does. */
export function readNetwork(read: (name: HeaderName) => string | undefined): NetworkLimit | undefined {
  const megabits = readNumber(read("Downlink"));
  if (megabits !== undefined && megabits > 0 && megabits <= MAX_DOWNLINK_MBIT) {
    const share = (readRtt(read) ?? 0) >= LONG_RTT_MS ? LONG_RTT_SHARE : SHARE;
    return { bitrate: Math.round(megabits * 1e6 * share), by: "Downlink" };
  }
  const type = read("ECT")?.trim().toLowerCase();
  const known = TYPES.find(([name]) => name === type);
  if (known !== undefined) return { bitrate: known[1], by: "ECT" };
  const rtt = readRtt(read);
  if (rtt === undefined) return undefined;
  const [, bitrate] = TYPES.find(([, , rttMs]) => rtt >= rttMs) ?? ["", Number.POSITIVE_INFINITY];
  return { bitrate, by: "RTT" };
}

function readRtt(read: (name: HeaderName) => string | undefined): number | undefined {
  const rtt = readNumber(read("RTT"));
  return rtt !== undefined && rtt <= MAX_RTT_MS ? rtt : undefined;
}

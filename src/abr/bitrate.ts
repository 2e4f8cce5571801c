import { readNumber } from "./scan.js";

const UNITS: Readonly<Record<string, number>> = { k: 1e3, M: 1e6 };

/** `1.2M`, `800k` or `1200000` as bits per second; undefined for anything else. */
export function parseBitrate(text: string): number | undefined {
  const unit = UNITS[text.at(-1) ?? ""];
  const number = readNumber(unit === undefined ? text : text.slice(0, -1));
  const bitrate = number === undefined ? 0 : Math.round(number * (unit ?? 1));
  return bitrate > 0 ? bitrate : undefined;
}

/** For reasons: `1.2 Mbit/s`. */
export function showBitrate(bitrate: number): string {
  return bitrate < 1e6 ? `${Math.round(bitrate / 1e3)} kbit/s` : `${Math.round(bitrate / 1e4) / 100} Mbit/s`;
}

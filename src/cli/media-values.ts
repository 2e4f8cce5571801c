import type { Place } from "../av/task.js";

// Values of the media commands as people type them. Each parser gives undefined for what is none.

/** `1280x720`, `1280x`, `x480`; with a colon too, as FFmpeg has it, where -1 and -2 stand for the side that follows. */
export function parseSize(text: string): { width?: number; height?: number } | undefined {
  const match = /^(\d{1,5}|-[12])?[x:](\d{1,5}|-[12])?$/.exec(text);
  if (match === null) return undefined;
  const [width, height] = [match[1], match[2]].map((side) => (side?.startsWith("-") ? undefined : side));
  if (width === undefined && height === undefined) return undefined;
  return {
    ...(width === undefined ? {} : { width: Number(width) }),
    ...(height === undefined ? {} : { height: Number(height) }),
  };
}

/** `W:H` from the middle, `W:H:X:Y` from there. */
export function parseCrop(
  text: string,
): { width: number; height: number; x?: number; y?: number } | undefined {
  const match = /^(\d{1,5}):(\d{1,5})(?::(\d{1,5}):(\d{1,5}))?$/.exec(text);
  if (match === null) return undefined;
  const [width = 0, height = 0, x, y] = match
    .slice(1)
    .map((part) => (part === undefined ? part : Number(part)));
  return { width, height, ...(x === undefined || y === undefined ? {} : { x, y }) };
}

/** `30`, `29.97`, `30000/1001`. */
export function parseRate(text: string): number | undefined {
  const match = /^(\d{1,6}(?:\.\d{1,6})?)(?:\/(\d{1,6}))?$/.exec(text);
  const rate = Number(match?.[1]) / Number(match?.[2] ?? 1);
  return match !== null && Number.isFinite(rate) && rate > 0 ? rate : undefined;
}

/** `23`, `0`, `31.5`. */
export function parseQuality(text: string): number | undefined {
  return /^\d{1,3}(\.\d{1,3})?$/.test(text) ? Number(text) : undefined;
}

/** `1.2M`, `800k`, `64000` as bits per second. */
export function parseBits(text: string): number | undefined {
  const match = /^(\d{1,10}(?:\.\d{1,6})?)([kM])?$/i.exec(text);
  if (match === null) return undefined;
  const unit = { k: 1_000, m: 1_000_000 }[match[2]?.toLowerCase() ?? ""] ?? 1;
  return Math.round(Number(match[1]) * unit);
}

/** `512M`, `2G`, `1000000` as bytes; in powers of 1,024. */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d{1,15})([kMG])?$/i.exec(text);
  if (match === null) return undefined;
  const power = { k: 1, m: 2, g: 3 }[match[2]?.toLowerCase() ?? ""] ?? 0;
  return Number(match[1]) * 1_024 ** power;
}

const PLACES: readonly Place[] = ["top-left", "top-right", "bottom-left", "bottom-right", "center"];

/** `logo.png@top-right`: what stands before the last @ that a place follows; all of it where none does. */
export function parsePlaced(text: string): { what: string; place?: Place } {
  const at = text.lastIndexOf("@");
  const place = at < 0 ? undefined : PLACES.find((one) => one === text.slice(at + 1));
  return place === undefined ? { what: text } : { what: text.slice(0, at), place };
}

/** `0,2` as numbers of tracks. */
export function parseTracks(text: string): number[] | undefined {
  return /^\d{1,4}(,\d{1,4}){0,63}$/.test(text) ? text.split(",").map(Number) : undefined;
}

import type { RequestHeaders } from "./types.js";

/** No honest value is longer; what is over it is not read. In-app browsers have the longest user agents. */
const MAX_VALUE_LENGTH = 1024;

/** The headers that may decide, by the name that `Vary` and `Accept-CH` have for them. */
export type HeaderName =
  | "Accept"
  | "User-Agent"
  | "Save-Data"
  | "Downlink"
  | "RTT"
  | "ECT"
  | "DPR"
  | "Viewport-Width"
  | "Sec-CH-DPR"
  | "Sec-CH-Viewport-Width"
  | "Sec-CH-UA"
  | "Sec-CH-UA-Mobile"
  | "Sec-CH-UA-Platform"
  | "Sec-CH-UA-Form-Factors";

/**
 * The client hints that a server asks for with `Accept-CH`. Chromium sends `Save-Data`, `Sec-CH-UA`,
 * `Sec-CH-UA-Mobile` and `Sec-CH-UA-Platform` without being asked.
 */
export const ACCEPT_CH: string =
  "Sec-CH-Viewport-Width, Sec-CH-DPR, Sec-CH-UA-Form-Factors, Downlink, RTT, ECT, Viewport-Width, DPR";

/** Reads headers. `read` remembers which; `peek` is for what decides nothing. */
export interface HeaderReader {
  /** Undefined where the header is not there; several of one name are joined by commas (RFC 9110 section 5.3). */
  read(name: HeaderName): string | undefined;
  peek(name: HeaderName): string | undefined;
  /** The names given to `read`, each once, in order. */
  readonly names: readonly HeaderName[];
}

/** @throws TypeError for what has no headers */
export function createHeaderReader(headers: RequestHeaders): HeaderReader {
  if (typeof headers !== "object" || headers === null) throw new TypeError("headers: not an object");
  const names: HeaderName[] = [];
  const peek = (name: HeaderName): string | undefined => rawValue(headers, name.toLowerCase());
  return {
    read(name) {
      if (!names.includes(name)) names.push(name);
      return peek(name);
    },
    peek,
    names,
  };
}

function rawValue(headers: RequestHeaders, name: string): string | undefined {
  if (isFetchHeaders(headers)) return headers.get(name)?.slice(0, MAX_VALUE_LENGTH) ?? undefined;
  const value = Object.hasOwn(headers, name) ? headers[name] : undefined;
  if (typeof value === "string") return value.slice(0, MAX_VALUE_LENGTH);
  return Array.isArray(value) ? value.slice(0, 8).join(", ").slice(0, MAX_VALUE_LENGTH) : undefined;
}

function isFetchHeaders(headers: RequestHeaders): headers is { get(name: string): string | null } {
  return typeof headers.get === "function";
}

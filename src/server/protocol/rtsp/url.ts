import type { RtspCredentials } from "../../../media/wire/rtsp/auth.js";
import { hideCredentials } from "../../config/redact.js";

/** An rtsp:// URL, taken apart as a client needs it. */
export interface RtspUrl {
  readonly host: string;
  readonly port: number;
  /** What goes into requests and into logs: without user and password. */
  readonly url: string;
  readonly credentials: RtspCredentials | undefined;
}

const DEFAULT_PORT = 554;
const EXAMPLE = "rtsp://HOST/PATH or rtsp://USER:PASSWORD@HOST:554/PATH";

/** @throws TypeError that says what is wrong, without user and password */
export function parseRtspUrl(text: string): RtspUrl {
  const shown = hideCredentials(text);
  const [, scheme] = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text) ?? [];
  if (scheme === undefined) throw new TypeError(`${shown}: not a URL; it must look like ${EXAMPLE}`);
  if (scheme.toLowerCase() !== "rtsp")
    throw new TypeError(`${shown}: ${scheme} is not supported here, only rtsp`);
  const [, authority = "", rest = ""] = /^[^/]*\/\/([^/?#]*)([^#]*)/.exec(text) ?? [];
  const at = authority.lastIndexOf("@");
  const place = authority.slice(at + 1);
  let parsed: URL;
  let path: string;
  try {
    // Of the schemes only the special ones, such as http, have their host and port checked.
    parsed = new URL(`http://${place}/`);
    // Blanks and the like would end the request's address.
    path = rest.replace(/[^\x21-\x7e]/gu, encodeURIComponent);
  } catch {
    const hint = text.includes("@") ? "; in user and password write %2F for /, %3F for ? and %23 for #" : "";
    throw new TypeError(`${shown}: not a valid URL; it must look like ${EXAMPLE}${hint}`);
  }
  // http's default port is left out of what URL gives back: 80 was asked for if it is in the text.
  const [, port = String(DEFAULT_PORT)] = /:(\d{1,5})$/.exec(place) ?? [];
  return {
    host: parsed.hostname.replace(/^\[|\]$/g, ""),
    port: Number(port),
    url: `rtsp://${parsed.hostname}${Number(port) === DEFAULT_PORT ? "" : `:${Number(port)}`}${path || "/"}`,
    credentials: at < 0 ? undefined : readCredentials(authority.slice(0, at)),
  };
}

function readCredentials(text: string): RtspCredentials {
  const colon = text.indexOf(":");
  const username = decode(colon < 0 ? text : text.slice(0, colon));
  return { username, password: colon < 0 ? "" : decode(text.slice(colon + 1)) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

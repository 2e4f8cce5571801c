import { AvError } from "./error.js";

/** Where media comes from, as plain data. */
export type Source =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "http" | "rtmp" | "rtsp"; readonly url: string }
  /** A picture or sound that FFmpeg makes itself, such as `testsrc2=size=1280x720`. Never from a user's text. */
  | { readonly kind: "lavfi"; readonly graph: string }
  /** Video4Linux. */
  | { readonly kind: "camera"; readonly device: string }
  /** Bytes that the caller hands over; `format` is FFmpeg's name of it: `flv`, `mpegts`, `h264`. */
  | { readonly kind: "bytes"; readonly format: string };

/** A file, or what is at an address. */
export type NamedSource = Extract<Source, { kind: "file" | "http" | "rtmp" | "rtsp" }>;

const SCHEMES: Readonly<Record<string, "http" | "rtmp" | "rtsp">> = {
  http: "http",
  https: "http",
  rtmp: "rtmp",
  rtmps: "rtmp",
  rtsp: "rtsp",
  rtsps: "rtsp",
};

/** Longer ones are no address that anybody typed. */
const MAX_LENGTH = 4096;

/**
 * Reads what a person types: an `http(s)://`, `rtmp(s)://` or `rtsp(s)://` address, else the path of a file.
 *
 * A path may have any characters: `-version`, `a:b.mp4`. With another scheme that is known to FFmpeg
 * (`concat:`, `data:`, `subfile:`) it is a file's name too, and never more.
 *
 * @throws TypeError where it is empty, too long, or has a NUL
 * @throws AvError `unsupported` for an address of another kind
 */
export function parseSource(input: string): NamedSource {
  if (typeof input !== "string" || input === "") throw new TypeError("input must be a path or an address");
  if (input.length > MAX_LENGTH) throw new TypeError(`input has more than ${MAX_LENGTH} characters`);
  if (input.includes("\0")) throw new TypeError("input has a NUL character");
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(input)?.[1]?.toLowerCase();
  if (scheme === undefined) return { kind: "file", path: input };
  if (scheme === "file") return { kind: "file", path: filePath(input) };
  const kind = Object.hasOwn(SCHEMES, scheme) ? SCHEMES[scheme] : undefined;
  if (kind === undefined) {
    throw new AvError("unsupported", `${input}: ${scheme}:// is not read; use a file, http, rtmp or rtsp`);
  }
  if (!URL.canParse(input)) throw new AvError("not-found", `${input}: this is no address`);
  return { kind, url: input };
}

/** Whether a source goes on without an end that could be known or sought to. */
export function isNetwork(source: Source): boolean {
  return source.kind === "http" || source.kind === "rtmp" || source.kind === "rtsp";
}

/** What an error calls it. An address is shown without user, password and query, which may be secrets. */
export function sourceName(source: Source): string {
  switch (source.kind) {
    case "file":
      return source.path;
    case "lavfi":
      return "the generated source";
    case "camera":
      return source.device;
    case "bytes":
      return `the ${source.format} bytes`;
    default:
      return redacted(source.url);
  }
}

/** An address without what may be a secret in it. */
export function redacted(address: string): string {
  const url = new URL(address);
  // `origin` is "null" for rtmp and rtsp, and setters are ignored there in part: it is put together by hand.
  return `${url.protocol}//${url.host}${url.pathname}`;
}

function filePath(input: string): string {
  const { pathname, host } = new URL(input);
  if (host !== "") throw new AvError("unsupported", `${input}: a file of another machine is not read`);
  return decodeURIComponent(pathname);
}

/** What a request asks for. */
export interface HttpTarget {
  /** Percent-decoded; begins with a slash. */
  readonly path: string;
  /** Without the question mark; empty where there is none. */
  readonly search: string;
}

/**
 * A request target in origin form or absolute form (RFC 9112 section 3.2). Undefined for what is neither, and for bad
 * percent-encoding. Dot segments stay as they are: no name contains them.
 */
export function parseTarget(target: string): HttpTarget | undefined {
  const [, origin = ""] = /^https?:\/\/[^/?]*(.*)$/is.exec(target) ?? [undefined, target];
  const local = origin.startsWith("?") || origin === "" ? `/${origin}` : origin;
  if (!local.startsWith("/")) return undefined;
  const mark = local.indexOf("?");
  const raw = mark < 0 ? local : local.slice(0, mark);
  try {
    return { path: decodeURIComponent(raw), search: mark < 0 ? "" : local.slice(mark + 1) };
  } catch {
    return undefined;
  }
}

/**
 * Where a framework mounted us: what it cut off the front of the address it was asked for. Express and Connect keep
 * that one in `originalUrl`.
 */
export function mountPrefix(url: string, originalUrl: string | undefined): string {
  if (originalUrl === undefined || originalUrl === url) return "";
  const path = pathOf(originalUrl);
  const rest = pathOf(url);
  if (path.endsWith(rest)) return path.slice(0, path.length - rest.length);
  // A request for the mount point itself, `/media`, is handed on as `/`.
  return rest === "/" ? path : "";
}

/** A request target without its query. */
export function pathOf(url: string): string {
  const mark = url.indexOf("?");
  return mark < 0 ? url : url.slice(0, mark);
}

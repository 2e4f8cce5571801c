/**
 * What a client asks for: `rtmp://HOST/APP/NAME?key=value`, of which the client makes a tcUrl (all but the stream), an
 * app (the tcUrl's path) and, later, a stream name. Clients cut at different places, and put the query anywhere.
 */

/** Query parameters; without a prototype. */
export type Query = Readonly<Record<string, string>>;

export interface StreamAddress {
  /** The application with its instance, such as `live` or `live/room1`; empty when the URL has but one part. */
  readonly app: string;
  /** The stream's name as it was sent, without the query; it may contain slashes. */
  readonly name: string;
  /** The stream name's parameters, and those of the app and the tcUrl that it does not have. */
  readonly query: Query;
  /** `?vhost=`, else the host in the tcUrl, without its port; empty when there is neither. */
  readonly vhost: string;
}

const MAX_PARAMETERS = 64;
/** Flash Media Server's name for the instance that is meant when none is named. */
const DEFAULT_INSTANCE = "_definst_";

/** Puts together what `connect` and `publish` or `play` said. */
export function parseAddress(tcUrl: string, app: string, streamName: string): StreamAddress {
  const [path, appQuery] = cut(app, "?");
  const [beforeQuery, tcQuery] = cut(tcUrl, "?");
  const [name, nameQuery] = cut(streamName, "?");
  // Earlier ones win: the stream name's parameters are the most particular.
  const query = parseQuery([nameQuery, appQuery, tcQuery]);
  const parts = path.split("/").filter((part) => part !== "");
  if (parts.at(-1) === DEFAULT_INSTANCE) parts.pop();
  return { app: parts.join("/"), name: trimSlashes(name), query, vhost: query.vhost || hostOf(beforeQuery) };
}

function parseQuery(texts: readonly string[]): Query {
  const query: Record<string, string> = Object.create(null);
  let count = 0;
  for (const text of texts) {
    for (const pair of text.split("&", MAX_PARAMETERS)) {
      const [key, value] = cut(pair, "=");
      if (key === "" || count >= MAX_PARAMETERS) continue;
      const name = decodePercent(key);
      if (name in query) continue;
      query[name] = decodePercent(value);
      count += 1;
    }
  }
  return query;
}

/** Percent-decoding. A plus stays: tokens in base64 have it, and RTMP clients send it as it was typed. */
function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The host of `rtmp://user@host:port/…`, in lower case. */
function hostOf(url: string): string {
  const host = /^[a-z]+:\/\/(?:[^/@]*@)?(\[[^\]]*\]|[^/:]*)/i.exec(url)?.[1] ?? "";
  return host.toLowerCase();
}

/** What is before and after the first `separator`. */
function cut(text: string, separator: string): [before: string, after: string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

function trimSlashes(text: string): string {
  let start = 0;
  let end = text.length;
  while (text[start] === "/") start += 1;
  while (end > start && text[end - 1] === "/") end -= 1;
  return text.slice(start, end);
}

/** An rtmp:// URL, taken apart as a client needs it. */
export interface RtmpUrl {
  readonly host: string;
  readonly port: number;
  readonly app: string;
  readonly tcUrl: string;
  /** What goes into the publish or play command: the name, and the query with it. */
  readonly streamName: string;
}

const DEFAULT_PORT = 1935;

/** @throws TypeError that says what is wrong */
export function parseRtmpUrl(text: string): RtmpUrl {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) throw new TypeError(`${text}: not a URL; it must look like rtmp://HOST/APP/NAME`);
  if (scheme !== "rtmp") throw new TypeError(`${text}: ${scheme} is not supported here, only rtmp`);
  let url: URL;
  try {
    // Of the schemes only the special ones, such as http, have their host and port checked.
    url = new URL(text.replace(/^rtmp:/i, "http:"));
  } catch {
    throw new TypeError(`${text}: not a valid URL; it must look like rtmp://HOST/APP/NAME`);
  }
  const segments = url.pathname.split("/").filter((segment) => segment !== "");
  const name = segments.pop();
  if (name === undefined || segments.length === 0) {
    throw new TypeError(`${text}: needs an app and a stream name: rtmp://${url.host}/APP/NAME`);
  }
  const app = segments.map(decode).join("/");
  // http's default port is left out of what URL gives back: 80 was asked for if it is in the text.
  const port =
    url.port === "" ? (/^[a-z]+:\/\/[^/?]*:80(?=[/?]|$)/i.test(text) ? 80 : DEFAULT_PORT) : Number(url.port);
  const authority = port === DEFAULT_PORT ? url.hostname : `${url.hostname}:${port}`;
  return {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port,
    app,
    tcUrl: `rtmp://${authority}/${app}`,
    streamName: `${decode(name)}${url.search}`,
  };
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** A live stream as `GET /api/v1/public/streams` lists it. */
export interface ListedStream {
  readonly app: string;
  readonly name: string;
  /** RFC 6381 codec strings. */
  readonly codecs: readonly string[];
  /** Pixels; absent without video. */
  readonly width?: number;
  readonly height?: number;
  /** ISO 8601. */
  readonly since: string;
  readonly viewers?: number;
}

/** What the server tells everybody. */
export interface PublicList {
  readonly streams: readonly ListedStream[];
  /** Where it takes RTMP; the usual port where it does not say. */
  readonly rtmpPort?: number;
}

/** The server tells nobody what is live: `listStreams: false`. */
export class ListHidden extends Error {}

/** What is live now. @throws ListHidden @throws Error when the server does not answer, or not with a list */
export async function fetchStreams(signal: AbortSignal): Promise<PublicList> {
  const response = await fetch("api/v1/public/streams", { cache: "no-store", signal });
  if (response.status === 404) throw new ListHidden();
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return (await response.json()) as PublicList;
}

type Place = Pick<ListedStream, "app" | "name">;

/** `live/room`, percent-encoded for an address. */
export function streamPath({ app, name }: Place): string {
  return [...app.split("/"), name].map(encodeURIComponent).join("/");
}

/** The stream that a `watch/APP/NAME` address is about. @throws URIError for bad percent-encoding */
export function watchedStream(href: string, base: string): Place {
  const root = new URL("watch/", base).pathname;
  const segments = new URL(href).pathname.slice(root.length).split("/").map(decodeURIComponent);
  return { app: segments.slice(0, -1).join("/"), name: segments[segments.length - 1] ?? "" };
}

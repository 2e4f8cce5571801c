import { ACCEPT_CH } from "../abr/headers.js";
import { negotiate } from "../abr/negotiate.js";
import type { Decision, Rendition } from "../abr/types.js";
import { problem } from "./problem.js";
import type { EdgeSettings } from "./settings.js";

/** How long the origin may take to begin its answer: a Sluice server waits 5 s for a publisher by default. */
const ANSWER_MS = 15_000;
const EXTENSIONS = [".flv", ".mp4"];
/** Of one connection (RFC 9110 section 7.6.1); the runtime makes its own for the next. */
const HOP_BY_HOP = ["connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding"];

/** `/live/room` and `.flv` of `/live/room.flv`. */
interface StreamAddress {
  readonly path: string;
  readonly extension: string;
}

/** Answers a request from the origin, a stream's with the rendition that suits it. */
export async function forward(request: Request, { origin, renditions }: EdgeSettings): Promise<Response> {
  const url = new URL(request.url);
  const target = (path: string): URL => {
    const address = new URL(origin);
    // Assigned, not resolved: a path such as //elsewhere/ stays a path.
    address.pathname = `${origin.pathname.replace(/\/$/, "")}${path}`;
    address.search = url.search;
    return address;
  };
  const stream = streamAddress(url.pathname, renditions);
  const isRead = request.method === "GET" || request.method === "HEAD";
  if (stream === undefined || !isRead) return ask(request, target(url.pathname));

  const decision = negotiate(request.headers, renditions, { query: url.searchParams });
  const { rendition } = decision;
  if (rendition !== undefined && rendition.source !== true) {
    const path = `${stream.path}_${rendition.name}${stream.extension}`;
    const answer = await ask(request, target(path));
    if (answer.status !== 404) return describe(answer, decision, rendition, path);
    await answer.body?.cancel();
  }
  const answer = await ask(request, target(url.pathname));
  return describe(answer, decision, rendition?.source === true ? rendition : undefined, url.pathname);
}

/** Undefined for what is no stream, and for what is a rendition already. */
function streamAddress(path: string, renditions: readonly Rendition[]): StreamAddress | undefined {
  const extension = EXTENSIONS.find((each) => path.endsWith(each));
  if (extension === undefined) return undefined;
  const stream = path.slice(0, -extension.length);
  const isRendition = renditions.some(({ name, source }) => source !== true && stream.endsWith(`_${name}`));
  return isRendition || stream.split("/").length < 3 ? undefined : { path: stream, extension };
}

/** The origin's answer, once it has begun. Ends with the client. */
async function ask(request: Request, url: URL): Promise<Response> {
  const abort = new AbortController();
  const leave = (): void => abort.abort(request.signal.reason);
  if (request.signal.aborted) leave();
  request.signal.addEventListener("abort", leave);
  const timer = setTimeout(() => abort.abort(new DOMException("too late", "TimeoutError")), ANSWER_MS);
  const headers = new Headers(request.headers);
  for (const name of HOP_BY_HOP) headers.delete(name);
  try {
    const { method, body } = request;
    // Redirects are the client's to follow: the origin may send it elsewhere, us it may not.
    return await globalThis.fetch(url, {
      method,
      headers,
      redirect: "manual",
      signal: abort.signal,
      // Node wants to be told that a body may still be under way while the answer comes.
      ...(body !== null && ({ body, duplex: "half" } as RequestInit)),
    });
  } catch (error) {
    const late = error instanceof DOMException && error.name === "TimeoutError";
    return late
      ? problem(504, "origin-timeout", "The origin did not answer in time.")
      : problem(502, "origin", "The origin cannot be reached.");
  } finally {
    clearTimeout(timer);
  }
}

/** The answer with what was decided in its headers. */
function describe(
  answer: Response,
  { vary }: Decision,
  rendition: Rendition | undefined,
  path: string,
): Response {
  // A WebSocket belongs to its response, and a refusal says nothing of renditions.
  if (answer.status !== 200) return answer;
  const described = new Response(answer.body, answer);
  const { headers } = described;
  for (const name of vary) headers.append("Vary", name);
  headers.set("Accept-CH", ACCEPT_CH);
  if (rendition === undefined) return described;
  headers.set("X-Adapted-Bitrate", `${rendition.bitrate}`);
  headers.set("Content-Location", path.slice(path.lastIndexOf("/") + 1));
  headers.append("Access-Control-Expose-Headers", "X-Adapted-Bitrate, Content-Location");
  return described;
}

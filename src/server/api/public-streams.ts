import type { Exchange } from "../contract/exchange.js";
import { CORS_HEADERS, replyOptions, replyProblem } from "../net/problem.js";
import type { StreamInfo } from "../stream-info.js";

const PATH = "/api/v1/public/streams";
const METHODS = "GET, HEAD, OPTIONS";

/** What is to be listed. */
interface Listing {
  readonly streams: readonly StreamInfo[];
  /** The port that publishers dial, where there is one, for the page that tells how to publish. */
  readonly rtmpPort: number | undefined;
}

/** `GET /api/v1/public/streams`: what is live now, without anything about who publishes or watches. */
export function createPublicStreams(listing: () => Promise<Listing>): (exchange: Exchange) => boolean {
  function answer(exchange: Exchange, { streams, rtmpPort }: Listing): void {
    const live = streams.filter((stream) => stream.live);
    exchange.reply(
      200,
      { ...CORS_HEADERS, "Content-Type": "application/json", "Cache-Control": "no-store" },
      `${JSON.stringify({ streams: live.map(shown), rtmpPort })}\n`,
    );
  }

  return (exchange) => {
    if (exchange.path !== PATH) return false;
    if (exchange.method === "OPTIONS") {
      replyOptions(exchange, METHODS);
    } else if (exchange.method !== "GET" && exchange.method !== "HEAD") {
      replyProblem(exchange, 405, "method", `Only ${METHODS} are answered here.`, { Allow: METHODS });
    } else {
      listing().then(
        (found) => answer(exchange, found),
        () => replyProblem(exchange, 503, "unavailable", "The list of streams could not be had in time."),
      );
    }
    return true;
  };
}

function shown({ app, name, since, viewers, codecs, tracks }: StreamInfo): object {
  return {
    app,
    name,
    codecs,
    // The video's size before it is played, for a list.
    ...sizeOf(tracks),
    since: new Date(since / 1000).toISOString(),
    viewers,
  };
}

function sizeOf(tracks: StreamInfo["tracks"]): object {
  for (const track of tracks) {
    if (track.kind === "video") return { width: track.config.codedWidth, height: track.config.codedHeight };
  }
  return {};
}

import type { Exchange } from "../contract/exchange.js";
import { visibleStream } from "../events/shown.js";
import { CORS_HEADERS, replyOptions, replyProblem } from "../net/problem.js";
import type { StreamInfo } from "../stream-info.js";

const METHODS = "GET, HEAD, OPTIONS";

/** What is to be listed. */
interface Listing {
  readonly streams: readonly StreamInfo[];
  /** The port that publishers dial, where there is one, for the page that tells how to publish. */
  readonly rtmpPort: number | undefined;
}

/** `GET /api/v1/public/streams`: what is live now, without anything about who publishes or watches. */
export function createPublicStreams(listing: () => Promise<Listing>): (exchange: Exchange) => void {
  function answer(exchange: Exchange, { streams, rtmpPort }: Listing): void {
    const live = streams.filter((stream) => stream.live);
    exchange.reply(
      200,
      { ...CORS_HEADERS, "Content-Type": "application/json", "Cache-Control": "no-store" },
      `${JSON.stringify({ streams: live.map((stream) => ({ ...visibleStream(stream), viewers: stream.viewers })), rtmpPort })}\n`,
    );
  }

  return (exchange) => {
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
  };
}

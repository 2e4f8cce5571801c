import { MediaError } from "../../media/model/error.js";
import { BodyError, type BodyFailure } from "../contract/body-error.js";
import type { Exchange } from "../contract/exchange.js";
import type { Logger } from "../contract/logger.js";
import { CORS_HEADERS, replyOptions, replyProblem } from "../net/problem.js";
import { MAX_REPORT_BYTES } from "../qos/read-report.js";
import type { ReportDesk } from "../qos/report-desk.js";

export const REPORTS_PATH = "/api/v1/reports";
const METHODS = "POST, OPTIONS";
const LIMITS = { maxBytes: MAX_REPORT_BYTES, timeoutMs: 5_000 };
const RETRY_AFTER_SECONDS = "10";

/** `cut-off` is not here: nobody is left to answer. */
const BODY_PROBLEMS: Readonly<Partial<Record<BodyFailure, readonly [status: number, message: string]>>> = {
  "too-large": [413, `A report has at most ${MAX_REPORT_BYTES} bytes.`],
  timeout: [408, `The report did not come within ${LIMITS.timeoutMs} ms.`],
  consumed: [400, "The body was read before it came here: put Sluice's handler before body parsers."],
};

/** `POST /api/v1/reports`: how a viewer's player fares, from wherever the page is. Read by qos/read-report.ts. */
export function createReports(desk: ReportDesk, log: Logger): (exchange: Exchange) => void {
  async function answer(exchange: Exchange): Promise<void> {
    const { remoteAddress } = exchange;
    if (!desk.admit(remoteAddress)) {
      tooMany(exchange);
      return;
    }
    const body = await exchange.body(LIMITS);
    const outcome = desk.take(Buffer.from(body).toString(), remoteAddress);
    if (outcome === "too-many") tooMany(exchange);
    else if (outcome === "unknown") {
      replyProblem(exchange, 404, "not-found", "No session of this `sid` plays here: it may have ended.");
    } else {
      // Accepted is not the same as known: whether another process has the session is not waited for.
      exchange.reply(outcome === "taken" ? 204 : 202, { ...CORS_HEADERS, "Cache-Control": "no-store" });
    }
  }

  function refuse(exchange: Exchange, error: unknown): void {
    if (error instanceof MediaError) {
      replyProblem(exchange, 400, "report", `${error.message}: see docs/player.md, "Reports".`);
    } else if (error instanceof BodyError) {
      const [status, message] = BODY_PROBLEMS[error.code] ?? [400, "The body did not come whole."];
      replyProblem(exchange, status, error.code, message);
    } else {
      log.error({ err: error }, "taking a report failed");
      replyProblem(exchange, 500, "internal", "The server failed; its log says why.");
    }
  }

  return (exchange) => {
    if (exchange.method === "OPTIONS") replyOptions(exchange, METHODS);
    else if (exchange.method === "POST") {
      answer(exchange).catch((error: unknown) => refuse(exchange, error));
    } else {
      replyProblem(exchange, 405, "method", `Only ${METHODS} are answered here.`, { Allow: METHODS });
    }
  };
}

function tooMany(exchange: Exchange): void {
  const headers = { "Retry-After": RETRY_AFTER_SECONDS };
  replyProblem(
    exchange,
    429,
    "too-many",
    "Too many reports: of this session, or from this address.",
    headers,
  );
}

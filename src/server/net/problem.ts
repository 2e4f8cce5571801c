import type { Exchange } from "../contract/exchange.js";

/** What every answer to another site's page needs: streams are public unless `authorize` says otherwise. */
export const CORS_HEADERS: Readonly<Record<string, string>> = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Expose-Headers": "X-Sluice-Session, traceparent, Content-Type, Retry-After",
};

/** The answer to `OPTIONS`, preflights among them. */
export function replyOptions(exchange: Exchange, methods: string): void {
  exchange.reply(204, {
    ...CORS_HEADERS,
    "Access-Control-Allow-Methods": methods,
    // The wildcard does not cover Authorization (Fetch standard, CORS-unsafe wildcard).
    "Access-Control-Allow-Headers": "Authorization, *",
    "Access-Control-Max-Age": "86400",
    Allow: methods,
  });
}

/**
 * An error as JSON.
 *
 * @param error a word for machines, such as `not-found`
 * @param message a sentence for people
 */
export function replyProblem(
  exchange: Exchange,
  status: number,
  error: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  exchange.reply(
    status,
    { ...CORS_HEADERS, "Content-Type": "application/json", "Cache-Control": "no-store", ...headers },
    `${JSON.stringify({ error, message })}\n`,
  );
}

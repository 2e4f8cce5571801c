import type { Exchange, Outlet } from "../contract/exchange.js";

/** JSON for who has a token. Without CORS headers: no other site's page has business here. */
export function replyJson(
  exchange: Exchange,
  status: number,
  value: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  exchange.reply(
    status,
    {
      "Content-Type": "application/json",
      "Cache-Control": "no-store",
      "X-Content-Type-Options": "nosniff",
      ...headers,
    },
    `${JSON.stringify(value)}\n`,
  );
}

/** @param error a word for machines @param message a sentence for people */
export function refuse(
  exchange: Exchange,
  status: number,
  error: string,
  message: string,
  headers?: Readonly<Record<string, string>>,
): void {
  replyJson(exchange, status, { error, message }, headers);
}

/** The same exchange; its answer's status is told when it is given. */
export function watchAnswer(exchange: Exchange, onAnswer: (status: number) => void): Exchange {
  return {
    method: exchange.method,
    path: exchange.path,
    headers: exchange.headers,
    remoteAddress: exchange.remoteAddress,
    websocket: exchange.websocket,
    get query() {
      return exchange.query;
    },
    get signal() {
      return exchange.signal;
    },
    body: (limits) => exchange.body(limits),
    reply(status, headers, body) {
      onAnswer(status);
      exchange.reply(status, headers, body);
    },
    stream(headers, talk): Outlet {
      onAnswer(200);
      return exchange.stream(headers, talk);
    },
  };
}

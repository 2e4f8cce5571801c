import type { Scheduler } from "../../hub/scheduler.js";
import type { Exchange } from "../contract/exchange.js";
import type { Logger } from "../contract/logger.js";
import { refuse, watchAnswer } from "./answer.js";
import type { Operation } from "./operations.js";
import { type ApiToken, checkEventToken, checkToken, type TokenVerdict } from "./token.js";

export interface ApiInit {
  readonly operations: readonly Operation[];
  readonly token: ApiToken;
  readonly scheduler: Scheduler;
  readonly log: Logger;
  /** Counts what was answered. @param route the operation's path, as it is written in the OpenAPI document */
  readonly onAnswered?: ((method: string, route: string, status: number, micros: number) => void) | undefined;
}

interface Place {
  readonly pattern: RegExp;
  readonly operations: readonly Operation[];
}

const MICROS = 1_000_000;

/** Everything under `/api/v1/`. */
export function createApi(init: ApiInit): (exchange: Exchange) => boolean {
  const places = placesOf(init.operations);

  function verdictOf(operation: Operation, exchange: Exchange): TokenVerdict {
    if (operation.access === "everybody") return "allowed";
    return operation.access === "token"
      ? checkToken(init.token, exchange)
      : checkEventToken(init.token, exchange, init.scheduler.wall() / MICROS);
  }

  async function answer(operation: Operation, exchange: Exchange, params: readonly string[]): Promise<void> {
    const verdict = verdictOf(operation, exchange);
    if (verdict !== "allowed") {
      refuseAccess(exchange, verdict);
      return;
    }
    try {
      await operation.run(exchange, params);
    } catch (error) {
      init.log.warn({ err: error, path: operation.path }, "the API could not answer");
      refuse(exchange, 503, "unavailable", "It could not be had in time.");
    }
  }

  return (exchange) => {
    const place = exchange.websocket ? undefined : places.find(({ pattern }) => pattern.test(exchange.path));
    if (place === undefined) return false;
    const [, ...params] = place.pattern.exec(exchange.path) ?? [];
    const method = exchange.method === "HEAD" ? "GET" : exchange.method;
    const [first] = place.operations;
    const operation =
      place.operations.find((candidate) => candidate.method === method) ??
      // What everybody may have answers other sites' preflights itself, and says itself what it does not answer.
      (first?.access === "everybody" ? first : undefined);
    if (operation === undefined) {
      const allowed = place.operations.map((each) => each.method).join(", ");
      refuse(exchange, 405, "method", `Only ${allowed} are answered here.`, { Allow: allowed });
      return true;
    }
    const begunAt = init.scheduler.now();
    const watched =
      init.onAnswered === undefined
        ? exchange
        : watchAnswer(exchange, (status) =>
            init.onAnswered?.(operation.method, operation.path, status, init.scheduler.now() - begunAt),
          );
    void answer(operation, watched, params);
    return true;
  };
}

function placesOf(operations: readonly Operation[]): readonly Place[] {
  const byPath = new Map<string, Operation[]>();
  for (const operation of operations) {
    const known = byPath.get(operation.path) ?? [];
    byPath.set(operation.path, [...known, operation]);
  }
  return [...byPath].map(([path, at]) => {
    // An app may hold slashes; a name and an id do not.
    const pattern = path
      .replace(/[.]/g, "\\.")
      .replace("{app}", "(.+)")
      .replace(/\{\w+\}/g, "([^/]+)");
    return { pattern: new RegExp(`^${pattern}$`), operations: at };
  });
}

function refuseAccess(exchange: Exchange, verdict: TokenVerdict): void {
  if (verdict === "remote") {
    refuse(
      exchange,
      403,
      "remote",
      "No token has been chosen (api.token, SLUICE_API_TOKEN): until then only this machine itself is answered, by its own name and without a proxy.",
    );
    return;
  }
  refuse(exchange, 401, "token", "Authorization: Bearer must have the API's token.", {
    "WWW-Authenticate": 'Bearer realm="sluice"',
  });
}

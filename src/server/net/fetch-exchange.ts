import type { Batch } from "../../hub/batch.js";
import type { Scheduler } from "../../hub/scheduler.js";
import type { Exchange, Outlet } from "../contract/exchange.js";
import type { SessionReason } from "../contract/session.js";
import type { HttpTarget } from "./http-target.js";
import type { OpenExchanges } from "./open-exchanges.js";
import { readFetchBody } from "./request-body.js";

const HIGH_WATER_MARK_BYTES = 64 * 1024;

/** An exchange whose answer is a Fetch API response. */
export interface FetchExchange {
  readonly exchange: Exchange;
  readonly response: Promise<Response>;
}

/** Over the Fetch API's types, for hosts such as Hono: without the speed, and without the peer's address. */
export function createFetchExchange(
  request: Request,
  target: HttpTarget,
  open: OpenExchanges,
  scheduler: Scheduler,
): FetchExchange {
  const abort = new AbortController();
  const query = new URLSearchParams(target.search);
  let answer: (response: Response) => void = () => {};
  const response = new Promise<Response>((resolve) => {
    answer = resolve;
  });
  const onAbort = (): void => leave();
  function leave(): void {
    request.signal.removeEventListener("abort", onAbort);
    abort.abort("client-closed" satisfies SessionReason);
  }
  if (request.signal.aborted) leave();
  else request.signal.addEventListener("abort", onAbort);

  const exchange: Exchange = {
    method: request.method,
    path: target.path,
    query,
    headers: Object.fromEntries(request.headers),
    remoteAddress: "",
    websocket: false,
    signal: abort.signal,
    body: (limits) => readFetchBody(request, limits, scheduler),
    reply(status, headers, body) {
      request.signal.removeEventListener("abort", onAbort);
      const bare = request.method === "HEAD" || body === undefined || status === 204 || status === 304;
      answer(new Response(bare ? null : body, { status, headers }));
    },
    stream(headers) {
      const { outlet, body } = createStreamOutlet(open, leave);
      abort.signal.addEventListener("abort", () => outlet.destroy());
      answer(new Response(body, { status: 200, headers }));
      return outlet;
    },
  };
  return { exchange, response };
}

function createStreamOutlet(
  open: OpenExchanges,
  leave: () => void,
): { readonly outlet: Outlet; readonly body: ReadableStream<Uint8Array> } {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  let resume: (() => void) | undefined;
  let bytesOut = 0;
  const body = new ReadableStream<Uint8Array>(
    {
      start(given) {
        controller = given;
      },
      pull() {
        resume?.();
      },
      cancel() {
        finish(() => {});
        leave();
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: HIGH_WATER_MARK_BYTES }),
  );
  const release = open.add(() => outlet.destroy());
  function finish(how: (controller: ReadableStreamDefaultController<Uint8Array>) => void): void {
    if (controller === undefined) return;
    how(controller);
    controller = undefined;
    resume = undefined;
    release();
  }
  const outlet: Outlet = {
    accept(batch: Batch) {
      if (controller === undefined || (controller.desiredSize ?? 0) <= 0) return "busy";
      if (batch.bytes.length === 0) return "ok";
      bytesOut += batch.bytes.length;
      // Who reads a web stream may change or transfer what it is given, and these bytes are everybody's.
      controller.enqueue(batch.bytes.slice());
      return "ok";
    },
    onDrain(callback) {
      resume = callback;
    },
    end: () => finish((held) => held.close()),
    destroy: () => finish((held) => held.error(new Error("the stream was cut off"))),
    get bytesOut() {
      return bytesOut;
    },
  };
  return { outlet, body };
}

import type { Scheduler } from "../../hub/scheduler.js";
import type { AccessRequest, Authorize } from "../contract/access.js";
import type { Logger } from "../contract/logger.js";
import type { Verdict } from "../contract/protocol.js";
import { streamKey } from "../net/stream-name.js";
import { parseTraceparent } from "../observe/trace/traceparent.js";

const ALLOWED: Verdict = { allowed: true };

function refused(reason: string): Verdict {
  return { allowed: false, reason };
}

/**
 * Asks the operator's `authorize`, and makes a refusal of everything that is no clear yes in time: a thrown error, a
 * wrong answer, a late one.
 *
 * @param authorize undefined allows everything
 */
export function createAuthorizer(
  authorize: Authorize | undefined,
  timeoutMs: number,
  scheduler: Scheduler,
  log: Logger,
): (request: AccessRequest) => Promise<Verdict> {
  if (authorize === undefined) return async () => ALLOWED;
  return (request) =>
    new Promise((resolve) => {
      const tooLate = new AbortController();
      const settle = (verdict: Verdict): void => {
        cancel();
        request.signal.removeEventListener("abort", leave);
        resolve(verdict);
      };
      const leave = (): void => {
        tooLate.abort(request.signal.reason);
        settle(refused("the peer has gone"));
      };
      const cancel = scheduler.after(timeoutMs, () => {
        tooLate.abort("timeout");
        log.warn(describe(request), `authorize gave no answer within ${timeoutMs} ms: refused`);
        settle(refused("no answer in time"));
      });
      if (request.signal.aborted) {
        leave();
        return;
      }
      request.signal.addEventListener("abort", leave);
      ask(authorize, { ...request, signal: tooLate.signal }).then(settle, (error: unknown) => {
        log.error({ ...describe(request), err: error }, "authorize failed: refused");
        settle(refused("authorize failed"));
      });
    });
}

async function ask(authorize: Authorize, request: AccessRequest): Promise<Verdict> {
  const answer: unknown = await authorize(request);
  if (answer === true) return ALLOWED;
  if (answer === false) return refused("not allowed");
  if (typeof answer === "object" && answer !== null && "allow" in answer) {
    if (answer.allow === true) return ALLOWED;
    if (answer.allow === false) {
      const reason = "reason" in answer && typeof answer.reason === "string" ? answer.reason : "not allowed";
      return refused(reason);
    }
  }
  throw new TypeError("authorize: its answer must be true, false or { allow, reason }");
}

function describe(request: AccessRequest): object {
  const { action, protocol, app, name, remoteAddress, sessionId, traceparent } = request;
  const { traceId, spanId } = parseTraceparent(traceparent) ?? {};
  const ids = { session: sessionId, trace_id: traceId, span_id: spanId, stream: streamKey({ app, name }) };
  return { ...ids, action, protocol, app, name, remoteAddress };
}

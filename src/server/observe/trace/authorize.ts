import type { AccessRequest } from "../../contract/access.js";
import type { Verdict } from "../../contract/protocol.js";
import type { Tracer } from "../../contract/trace.js";
import { parseTraceparent } from "./traceparent.js";

type Ask = (request: AccessRequest) => Promise<Verdict>;

/**
 * Gives each question a span of its own within the session's, and hands that on with the question: where another process
 * answers it, that one's span is a part of this one.
 */
export function tracedAuthorize(ask: Ask, tracer: Tracer): Ask {
  if (!tracer.recording) return ask;
  return async (request) => {
    const span = tracer.start("authorise", { parent: parseTraceparent(request.traceparent) });
    const verdict = await ask({ ...request, traceparent: span.traceparent });
    if (!verdict.allowed) span.fail("denied", verdict.reason);
    span.end();
    return verdict;
  };
}

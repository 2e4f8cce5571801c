import type { PublisherInit } from "../../../hub/publisher.js";
import type { Tracer } from "../../contract/trace.js";

/** Gives a publication of the host application's own a trace, as a session would: for what code or a file publishes. */
export function tracedPublication(
  tracer: Tracer,
  stream: string,
  source: "code" | "file",
  init: PublisherInit,
): PublisherInit {
  if (!tracer.recording) return init;
  const attributes = { "sluice.stream": stream, "sluice.protocol": source };
  const trace = tracer.start("publish", { attributes });
  return {
    ...init,
    origin: trace.traceparent,
    onEnd(reason) {
      trace.event("end", { "sluice.reason": reason });
      trace.end();
      init.onEnd?.(reason);
    },
  };
}

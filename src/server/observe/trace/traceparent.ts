import type { SpanContext } from "../../contract/trace.js";

// W3C Trace Context, section 3.2: version, trace-id, parent-id and trace-flags in hexadecimal digits of lower case.

const LENGTH = 55;
const FORM = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
const NO_TRACE = "0".repeat(32);
const NO_SPAN = "0".repeat(16);
/** 3.2.2.5: the only flag that means something to us. */
const SAMPLED = 1;

/**
 * Reads a `traceparent` header, which anybody can have written.
 *
 * @returns undefined where it is none: then the trace begins anew, as section 3.2.2 has it
 */
export function parseTraceparent(header: string | undefined): SpanContext | undefined {
  if (header === undefined || header.length < LENGTH) return undefined;
  const [, version, traceId, spanId, flags] = FORM.exec(header.slice(0, LENGTH)) ?? [];
  if (version === undefined || traceId === undefined || spanId === undefined || flags === undefined)
    return undefined;
  // 3.2.4: a later version begins alike, and goes on after another dash if at all. Version ff is none.
  const wellEnded = version === "00" ? header.length === LENGTH : /^($|-)/.test(header.slice(LENGTH));
  if (!wellEnded || version === "ff" || traceId === NO_TRACE || spanId === NO_SPAN) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & SAMPLED) !== 0 };
}

export function formatTraceparent({ traceId, spanId, sampled }: SpanContext): string {
  return `00-${traceId}-${spanId}-${sampled ? "01" : "00"}`;
}

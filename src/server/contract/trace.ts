/** Which span of which trace, in the terms of W3C Trace Context. */
export interface SpanContext {
  /** 32 hexadecimal digits in lower case, not all of them 0. */
  readonly traceId: string;
  /** 16 of the same. */
  readonly spanId: string;
  /** Whether its trace is kept by somebody. */
  readonly sampled: boolean;
}

/** What is known of a span; what is undefined is left out. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean | undefined>>;

export interface SpanInit {
  /** What it is a part of; without one it begins a trace. */
  readonly parent?: SpanContext | undefined;
  /** `server` for what a peer has asked for, else `internal`, which is the default. */
  readonly kind?: "server" | "internal";
  /** Microseconds since the Unix epoch; now by default. */
  readonly startedAt?: number;
  readonly attributes?: SpanAttributes;
}

/**
 * A piece of work with a beginning and an end. It has its ids whether or not somebody keeps it; all else is an empty
 * call where nobody does.
 */
export interface Span {
  readonly context: SpanContext;
  /** The same as the header's value: who is given it can go on with the trace. */
  readonly traceparent: string;
  /** Microseconds since the Unix epoch, on the clock that spans are measured with. 0 where nobody keeps them. */
  now(): number;
  /** Begins a part of it. What has not ended when the whole does ends with it, and as the whole did. */
  start(name: string, init?: Omit<SpanInit, "parent">): Span;
  /** What it turned out to be: `publish` or `play`, where that was not known at its beginning. */
  rename(name: string): void;
  set(attributes: SpanAttributes): void;
  /** Something happened just now. */
  event(name: string, attributes?: SpanAttributes): void;
  /** It has to do with another span, of its own trace or of another's. */
  link(to: SpanContext): void;
  /** It failed. @param reason the one that the log has @param detail the log's as well, for people */
  fail(reason: string, detail?: string): void;
  /** Idempotent; nothing is added after it. @param at microseconds since the Unix epoch; now by default */
  end(at?: number): void;
}

/** Begins spans. */
export interface Tracer {
  /** Whether anybody keeps them. */
  readonly recording: boolean;
  start(name: string, init?: SpanInit): Span;
}

/**
 * The attribute, and the log's field, that says for which media job a span's work is done, such as making a rendition.
 */
export function mediaJob(id: string): SpanAttributes {
  return { media_job_id: id };
}

import type { Span, SpanAttributes, SpanContext, SpanInit, Tracer } from "../../contract/trace.js";
import { formatTraceparent } from "./traceparent.js";

/** A span that is over. Times in microseconds since the Unix epoch. */
export interface FinishedSpan {
  readonly name: string;
  readonly kind: "server" | "internal";
  readonly context: SpanContext;
  /** The span that it is a part of. */
  readonly parentId: string | undefined;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly attributes: SpanAttributes;
  readonly events: readonly SpanEvent[];
  readonly links: readonly SpanContext[];
  readonly failure: SpanFailure | undefined;
}

export interface SpanEvent {
  readonly name: string;
  readonly at: number;
  readonly attributes: SpanAttributes;
}

export interface SpanFailure {
  readonly reason: string;
  readonly detail: string | undefined;
}

/** Where spans are kept. */
export interface Recorder {
  /** Microseconds since the Unix epoch. */
  readonly clock: () => number;
  /** The part of the traces begun here that is kept, from 0 to 1. */
  readonly sampleRatio: number;
  /** Takes a span that has ended. Never throws. */
  record(span: FinishedSpan): void;
}

/** What a session does in its life is less than this; what a peer can repeat on one connection may be more. */
const MAX_EVENTS = 64;
const MAX_LINKS = 16;

/**
 * @param randomHex so many random bytes as hexadecimal digits of lower case
 * @param recorder without one, spans have ids and nothing else
 */
export function createTracer(randomHex: (bytes: number) => string, recorder?: Recorder): Tracer {
  return {
    recording: recorder !== undefined,
    start(name, init = {}) {
      const { parent } = init;
      const traceId = parent?.traceId ?? newId(randomHex, 16);
      const spanId = newId(randomHex, 8);
      const sampled = recorder !== undefined && (parent?.sampled ?? isSampled(traceId, recorder.sampleRatio));
      const context = { traceId, spanId, sampled };
      return sampled
        ? new RecordedSpan(name, init, context, recorder, randomHex)
        : new UnrecordedSpan(context);
    },
  };
}

/** Section 3.2.2.3 and 3.2.2.4: ids of zeros are none. */
function newId(randomHex: (bytes: number) => string, bytes: number): string {
  for (;;) {
    const id = randomHex(bytes);
    if (!/^0+$/.test(id)) return id;
  }
}

/** By the end of the id, which section 4.2 has random: all who go by it decide alike. */
function isSampled(traceId: string, ratio: number): boolean {
  return Number.parseInt(traceId.slice(-12), 16) < ratio * 2 ** 48;
}

/** Who it is, for the log and for those who ask further. */
class UnrecordedSpan implements Span {
  readonly context: SpanContext;

  constructor(context: SpanContext) {
    this.context = context;
  }

  get traceparent(): string {
    return formatTraceparent(this.context);
  }

  now(): number {
    return 0;
  }

  start(): Span {
    return this;
  }

  rename(): void {}
  set(): void {}
  event(): void {}
  link(): void {}
  fail(): void {}
  end(): void {}
}

class RecordedSpan implements Span {
  readonly context: SpanContext;
  readonly #recorder: Recorder;
  readonly #randomHex: (bytes: number) => string;
  readonly #kind: "server" | "internal";
  readonly #parentId: string | undefined;
  readonly #startedAt: number;
  readonly #events: SpanEvent[] = [];
  readonly #links: SpanContext[] = [];
  readonly #onEnd: ((span: RecordedSpan) => void) | undefined;
  #name: string;
  #attributes: SpanAttributes;
  /** Parts that have not ended. */
  #open: Set<RecordedSpan> | undefined;
  #failure: SpanFailure | undefined;
  #ended = false;

  constructor(
    name: string,
    init: SpanInit,
    context: SpanContext,
    recorder: Recorder,
    randomHex: (bytes: number) => string,
    onEnd?: (span: RecordedSpan) => void,
  ) {
    this.context = context;
    this.#recorder = recorder;
    this.#randomHex = randomHex;
    this.#name = name;
    this.#kind = init.kind ?? "internal";
    this.#parentId = init.parent?.spanId;
    this.#startedAt = init.startedAt ?? recorder.clock();
    this.#attributes = init.attributes ?? {};
    this.#onEnd = onEnd;
  }

  get traceparent(): string {
    return formatTraceparent(this.context);
  }

  now(): number {
    return this.#recorder.clock();
  }

  start(name: string, init: Omit<SpanInit, "parent"> = {}): Span {
    const context = { ...this.context, spanId: newId(this.#randomHex, 8) };
    const part = new RecordedSpan(
      name,
      { ...init, parent: this.context },
      context,
      this.#recorder,
      this.#randomHex,
      (ended) => this.#open?.delete(ended),
    );
    if (!this.#ended) {
      this.#open ??= new Set();
      this.#open.add(part);
    }
    return part;
  }

  rename(name: string): void {
    this.#name = name;
  }

  set(attributes: SpanAttributes): void {
    this.#attributes = { ...this.#attributes, ...attributes };
  }

  event(name: string, attributes: SpanAttributes = {}): void {
    if (this.#events.length < MAX_EVENTS) this.#events.push({ name, at: this.now(), attributes });
  }

  link(to: SpanContext): void {
    if (this.#links.length < MAX_LINKS) this.#links.push(to);
  }

  fail(reason: string, detail?: string): void {
    this.#failure ??= { reason, detail };
  }

  end(at?: number): void {
    if (this.#ended) return;
    this.#ended = true;
    const endedAt = Math.max(at ?? this.now(), this.#startedAt);
    for (const part of [...(this.#open ?? [])]) {
      if (this.#failure !== undefined) part.fail(this.#failure.reason, this.#failure.detail);
      part.end(endedAt);
    }
    this.#onEnd?.(this);
    this.#recorder.record({
      name: this.#name,
      kind: this.#kind,
      context: this.context,
      parentId: this.#parentId,
      startedAt: this.#startedAt,
      endedAt,
      attributes: this.#attributes,
      events: this.#events,
      links: this.#links,
      failure: this.#failure,
    });
  }
}

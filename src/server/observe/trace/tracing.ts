import type { Scheduler } from "../../../hub/scheduler.js";
import type { Logger } from "../../contract/logger.js";
import type { Tracer } from "../../contract/trace.js";
import { openOtlp, type SpanOutlet } from "./otlp.js";
import type { OtlpSettings } from "./otlp-settings.js";
import { createSpanClock } from "./span-clock.js";
import { createTracer, type FinishedSpan } from "./tracer.js";

export interface TracingInit {
  /** Undefined where spans go nowhere. */
  readonly settings: OtlpSettings | undefined;
  readonly randomHex: (bytes: number) => string;
  readonly scheduler: Scheduler;
  readonly log: Logger;
}

/** Where a server's spans come from and go to. */
export interface Tracing {
  readonly tracer: Tracer;
  /**
   * Settles once spans can be sent.
   *
   * @throws Error that says what to install, where spans were asked for by our own key and what sends them is missing
   */
  ready(): Promise<void>;
  /** Sends what is left, for a limited time. Idempotent. */
  close(): Promise<void>;
}

/** Spans that end while what sends them is being loaded. */
const MAX_EARLY = 256;

export function createTracing({ settings, randomHex, scheduler, log }: TracingInit): Tracing {
  if (settings === undefined) {
    return { tracer: createTracer(randomHex), ready: async () => {}, close: async () => {} };
  }
  const { url, sampleRatio, ours } = settings;
  let early: FinishedSpan[] | undefined = [];
  let outlet: SpanOutlet | undefined;
  const loaded = load();
  // Who waits for it hears of it; where nobody does, the log has.
  loaded.catch(() => {});

  async function load(): Promise<void> {
    try {
      outlet = await openOtlp({ url, scheduler, log });
      for (const span of early ?? []) outlet.record(span);
      log.info({ url }, "traces are sent");
    } catch (error) {
      if (ours) {
        log.error({ url, err: error }, "traces cannot be sent");
        throw error;
      }
      log.warn({ url, err: error }, "OpenTelemetry's variables ask for traces, and they cannot be sent");
    } finally {
      early = undefined;
    }
  }

  return {
    tracer: createTracer(randomHex, {
      clock: createSpanClock(scheduler),
      sampleRatio,
      record(span) {
        if (outlet !== undefined) outlet.record(span);
        else if (early !== undefined && early.length < MAX_EARLY) early.push(span);
      },
    }),
    ready: () => loaded,
    async close() {
      await loaded.catch(() => {});
      await outlet?.close();
    },
  };
}

import type { Agent } from "node:http";
import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace-base";
import type { Scheduler } from "../../../hub/scheduler.js";
import type { Logger } from "../../contract/logger.js";
import type { SpanAttributes, SpanContext } from "../../contract/trace.js";
import type { FinishedSpan } from "./tracer.js";

/** Where finished spans are handed to. */
export interface SpanOutlet {
  record(span: FinishedSpan): void;
  /** Sends what is left, for a limited time. Idempotent. */
  close(): Promise<void>;
}

export interface OtlpInit {
  readonly url: string;
  readonly scheduler: Scheduler;
  readonly log: Logger;
}

/** Spans that wait to be sent: over it new ones are left out. */
const MAX_QUEUED = 2048;
const MAX_BATCH = 512;
const BATCH_MS = 1_000;
/** All attempts at one batch together. */
const SEND_MS = 3_000;
/** How long the end of the server waits for a collector. */
const FLUSH_MS = 1_500;
const COMPLAINT_MICROS = 60_000_000;
/** A reason that `authorize` gives may be any text. */
const MAX_ATTRIBUTE_LENGTH = 1_024;
/** OpenTelemetry's numbers: SpanKind, SpanStatusCode and TraceFlags. */
const KINDS = { internal: 0, server: 1 } as const;
const STATUS_ERROR = 2;
const FLAG_SAMPLED = 1;
const SUCCESS = 0;

/** What has to be installed beside Sluice, in versions that were tried together. */
const PACKAGES =
  "@opentelemetry/api@1.9.1 @opentelemetry/resources@2.12.1 @opentelemetry/sdk-trace-base@2.12.1 @opentelemetry/exporter-trace-otlp-proto@0.223.1";

/**
 * Sends spans to an OpenTelemetry collector, by way of OpenTelemetry's own packages, which are loaded only here.
 *
 * @throws Error that says what to install where they are missing
 */
export async function openOtlp({ url, scheduler, log }: OtlpInit): Promise<SpanOutlet> {
  const { api, resources, sdk, otlp } = await loadPackages();
  const agents = new Set<Agent>();
  const exporter = new otlp.OTLPTraceExporter({
    url,
    timeoutMillis: SEND_MS,
    // At the end all that waits goes out at once, in batches.
    concurrencyLimit: Math.ceil(MAX_QUEUED / MAX_BATCH) + 1,
    async httpAgentOptions(protocol) {
      const { Agent } = await import(protocol === "https:" ? "node:https" : "node:http");
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      agents.add(agent);
      return agent;
    },
  });
  /** The ids of the span that is being made: they were given out long before. */
  let ids: SpanContext | undefined;
  const provider = new sdk.BasicTracerProvider({
    resource: resources
      .resourceFromAttributes({ "service.name": "sluice", "process.pid": process.pid })
      // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES.
      .merge(resources.detectResources({ detectors: [resources.envDetector] })),
    // Whether a trace is kept was decided at its beginning.
    sampler: new sdk.AlwaysOnSampler(),
    idGenerator: {
      generateTraceId: () => ids?.traceId ?? "",
      generateSpanId: () => ids?.spanId ?? "",
    },
    spanLimits: { attributeValueLengthLimit: MAX_ATTRIBUTE_LENGTH },
    spanProcessors: [
      new sdk.BatchSpanProcessor(complaining(exporter, url, log, scheduler), {
        maxQueueSize: MAX_QUEUED,
        maxExportBatchSize: MAX_BATCH,
        scheduledDelayMillis: BATCH_MS,
        exportTimeoutMillis: 2 * SEND_MS,
      }),
    ],
  });
  const tracer = provider.getTracer("sluice");
  let closing: Promise<void> | undefined;

  function record(span: FinishedSpan): void {
    const { context, parentId, attributes } = span;
    ids = context;
    const parent =
      parentId === undefined
        ? api.ROOT_CONTEXT
        : api.trace.setSpanContext(api.ROOT_CONTEXT, {
            traceId: context.traceId,
            spanId: parentId,
            traceFlags: FLAG_SAMPLED,
          });
    const made = tracer.startSpan(
      span.name,
      {
        kind: KINDS[span.kind],
        startTime: hrTime(span.startedAt),
        attributes: defined(attributes),
        links: span.links.map((link) => ({
          context: {
            traceId: link.traceId,
            spanId: link.spanId,
            traceFlags: link.sampled ? FLAG_SAMPLED : 0,
          },
        })),
      },
      parent,
    );
    for (const { name, at, attributes: more } of span.events) made.addEvent(name, defined(more), hrTime(at));
    if (span.failure !== undefined) {
      const { reason, detail } = span.failure;
      made.setAttribute("error.type", reason);
      made.setStatus({ code: STATUS_ERROR, message: detail === undefined ? reason : `${reason}: ${detail}` });
    }
    made.end(hrTime(span.endedAt));
  }

  async function close(): Promise<void> {
    let cancel = (): void => {};
    const tooLong = new Promise<void>((resolve) => {
      cancel = scheduler.after(FLUSH_MS, resolve);
    });
    await Promise.race([provider.shutdown().catch(() => {}), tooLong]);
    cancel();
    for (const agent of agents) agent.destroy();
  }

  return {
    record,
    close() {
      closing ??= close();
      return closing;
    },
  };
}

async function loadPackages() {
  try {
    const [api, resources, sdk, otlp] = await Promise.all([
      import("@opentelemetry/api"),
      import("@opentelemetry/resources"),
      import("@opentelemetry/sdk-trace-base"),
      import("@opentelemetry/exporter-trace-otlp-proto"),
    ]);
    return { api, resources, sdk, otlp };
  } catch (error) {
    const message = `traces need OpenTelemetry's packages: npm install ${PACKAGES}`;
    const { code } = error as NodeJS.ErrnoException;
    throw Object.assign(new Error(message, { cause: error }), { code });
  }
}

/** Tells the log what a collector fails with, once a minute at most: to the media it makes no difference. */
function complaining(exporter: SpanExporter, url: string, log: Logger, scheduler: Scheduler): SpanExporter {
  let last: number | undefined;
  return {
    export(spans: ReadableSpan[], done) {
      exporter.export(spans, (result) => {
        const now = scheduler.now();
        if (result.code !== SUCCESS && (last === undefined || now - last >= COMPLAINT_MICROS)) {
          last = now;
          log.warn(
            { url, spans: spans.length, err: result.error },
            "traces could not be sent and are left out",
          );
        }
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
  };
}

function defined(attributes: SpanAttributes): Record<string, string | number | boolean> {
  const entries = Object.entries(attributes).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Record<string, string | number | boolean>;
}

/** Seconds and nanoseconds. */
function hrTime(micros: number): [number, number] {
  const seconds = Math.floor(micros / 1_000_000);
  return [seconds, (micros - seconds * 1_000_000) * 1_000];
}

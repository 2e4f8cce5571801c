import { z } from "zod";
import { HUB_DEFAULTS } from "../../hub/options.js";
import { bytes, listenAddress, milliseconds } from "./fields.js";
import { ladderField, renditionsField } from "./renditions.js";

/** The keys that belong to no protocol: `app.ts` puts the protocols' own beside them. */
export const coreShape = {
  publish: z
    .enum(["reject", "takeover"])
    .default(HUB_DEFAULTS.duplicate)
    .describe(
      "What happens to a second publisher of a name: `reject` refuses it while the first is sending, `takeover` ends the first.",
    ),
  publisherIdleMs: milliseconds(
    HUB_DEFAULTS.publisherIdleMs,
    "A publisher that has sent no media for this long no longer blocks its name.",
  ),
  keepViewersMs: milliseconds(
    HUB_DEFAULTS.keepViewersMs,
    "How long viewers are kept after their publisher has gone, for it to come back.",
  ),
  waitForPublisherMs: milliseconds(
    5_000,
    "How long a viewer who comes first waits for the publisher before it is told that there is none.",
  ),
  tracksTimeoutMs: milliseconds(
    HUB_DEFAULTS.tracksTimeoutMs,
    "How long to wait for all of a publisher's tracks before viewers are let in.",
  ),
  gopCacheMs: milliseconds(
    HUB_DEFAULTS.gopCacheMs,
    "Longest group of pictures kept so that viewers start at once; 0 switches the cache off.",
  ),
  gopCacheBytes: bytes(HUB_DEFAULTS.gopCacheBytes, "The same bound in bytes, for each stream."),
  maxLagMs: milliseconds(
    HUB_DEFAULTS.maxLagMs,
    "A viewer who is further behind than this skips to a key frame.",
    100,
  ),
  maxLagBytes: bytes(HUB_DEFAULTS.maxLagBytes, "The same bound in bytes."),
  stallTimeoutMs: milliseconds(
    HUB_DEFAULTS.stallTimeoutMs,
    "A viewer whose connection takes nothing for this long is closed.",
    100,
  ),
  mergeMs: milliseconds(
    HUB_DEFAULTS.mergeMs,
    "Gather this long before writing to viewers: fewer, larger writes for more latency. 0 writes at once.",
    0,
    1_000,
  ),
  maxVariants: z
    .int()
    .min(1)
    .max(1_000)
    .default(HUB_DEFAULTS.maxVariants)
    .describe("How many variants (formats and track selections) one stream may be packaged in at once."),
  listStreams: z
    .boolean()
    .default(true)
    .describe("Whether everybody may see which streams are live: the list, its events, and the page at `/`."),
  maxConnections: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(10_000)
    .describe("Connections of all protocols at once; more are refused."),
  workers: z
    .union([z.int().min(1).max(64), z.literal("auto")])
    .default(1)
    .describe(
      "Processes that serve connections; `auto` is one for each core. With more than one, `attach`, `handler`, `upgrade` and `fetch` are not to be had.",
    ),
  renditions: renditionsField,
  ladder: ladderField,
  abr: z
    .strictObject({
      switch: z
        .boolean()
        .default(false)
        .describe(
          "Whether viewers of HTTP-FLV and WebSocket-FLV are moved to another rendition while they watch, on the same connection.",
        ),
      sameClock: z
        .boolean()
        .default(false)
        .describe(
          "With `switch`: that one encoder sends each stream with its renditions, so that the same timestamps are the same moment. Without it that is taken from their sound, which then must be the same.",
        ),
      upAfterMs: milliseconds(
        10_000,
        "With `switch`: how long all must have been well for a viewer before it is tried a step higher. Twice as long each time that this has failed lately.",
        1_000,
      ),
      maxEncoders: z
        .int()
        .min(1)
        .max(256)
        .default(4)
        .describe(
          "Renditions that are made at once, each in an FFmpeg of its own; over it viewers get the stream itself.",
        ),
      hw: z
        .enum(["none", "auto", "nvenc", "vaapi"])
        .default("none")
        .describe(
          "What encodes renditions: `none` is the processor, `auto` the first of nvenc and vaapi that works here, else the processor; one that is named must be there.",
        ),
    })
    .prefault({})
    .describe("Renditions of streams: docs/abr.md."),
  authorizeTimeoutMs: milliseconds(
    3_000,
    "An `authorize` function that has not answered after this long has refused.",
    1,
  ),
  shutdownDelayMs: milliseconds(
    0,
    "How long the server goes on as before once it has been told to stop, while /readyz says that it is not ready: for load balancers to notice.",
  ),
  shutdownTimeoutMs: milliseconds(
    5_000,
    "How long viewers get to take in what is left at shutdown before they are cut off.",
  ),
  http: z
    .strictObject(listenAddress(8080, "everything over HTTP"))
    .prefault({})
    .describe("HTTP: HTTP-FLV, WebSocket, MP4, the watch page and the API on one port."),
  log: z
    .strictObject({
      level: z
        .enum(["debug", "info", "warn", "error", "silent"])
        .default("info")
        .describe("Lowest level that is logged."),
    })
    .prefault({})
    .describe("The log: JSON lines on standard output."),
  otlp: z
    .strictObject({
      endpoint: z
        .union([z.enum(["auto", "off"]), z.url({ protocol: /^https?$/ })])
        .default("auto")
        .describe(
          "Collector that traces are sent to, such as `http://localhost:4318`; `/v1/traces` is added. `auto` goes by OpenTelemetry's variables, such as `OTEL_EXPORTER_OTLP_ENDPOINT`, and sends none where they name no collector.",
        ),
      sampleRatio: z
        .number()
        .min(0)
        .max(1)
        .default(1)
        .describe(
          "The part of the traces that is kept, of those that begin here; one that a request brings along is kept if its sender keeps it.",
        ),
    })
    .prefault({})
    .describe("Traces, over OpenTelemetry's protocol."),
};

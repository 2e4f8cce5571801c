import { z } from "zod";

// What the API answers. The OpenAPI document is made of these, and the tests hold the real answers against them.

const time = z.iso.datetime().describe("UTC, ISO 8601.");
const count = z.int().min(0);
const place = {
  app: z
    .string()
    .describe("What stands before the stream's name: `live` in `/live/room.flv`; it may hold slashes."),
  name: z.string().describe("The stream's name within its app."),
};

const visible = {
  ...place,
  codecs: z.array(z.string()).describe("RFC 6381 codec strings, the picture's first."),
  width: z.int().optional().describe("Pixels; absent without a picture."),
  height: z.int().optional(),
  since: time.describe("When the stream came to be: UTC, ISO 8601."),
};

export const publicStreamsSchema = z.object({
  streams: z.array(z.object({ ...visible, viewers: count })),
  rtmpPort: z.int().optional().describe("Where publishers dial; absent where there is no such port."),
});

export const trackSchema = z.object({
  kind: z.enum(["video", "audio", "data"]),
  codec: z.string(),
  width: z.int().optional(),
  height: z.int().optional(),
  sampleRate: z.int().optional().describe("Hertz."),
  channels: z.int().optional(),
});

const stream = {
  ...visible,
  live: z.boolean().describe("Whether viewers can join now."),
  viewers: count,
  packets: count.describe("Packets taken from its publishers."),
  bytes: count.describe("The same as payload bytes."),
  gopMs: count
    .optional()
    .describe("From one key frame to the next, the last time, milliseconds; absent where it is not known."),
  tracks: z.array(trackSchema),
  encoder: z.string().optional().describe("What the publisher says it is."),
};

export const streamSchema = z.object(stream);

const told = count.optional();
const reportSchema = z
  .object({
    receivedAt: time,
    sequence: told,
    state: z.string().optional().describe("`starting`, `playing`, `rebuffering` and the like."),
    path: z.string().optional().describe("The way it plays, such as `mse-worker`."),
    rttMs: told.describe("Between player and server and back."),
    bufferMs: told.describe("Media ahead of what is shown."),
    latencyMs: told.describe("From what is shown to the live edge."),
    targetLatencyMs: told,
    playbackRate: z.number().min(0).optional(),
    bitrate: told.describe("Received lately, bits per second."),
    bytes: told,
    receivedFrames: told,
    decodedFrames: told,
    droppedFrames: told,
    freezes: told.describe("Times that it ran out of media."),
    frozenMs: told,
    starved: z.boolean().optional(),
    jumps: told,
    reconnects: told,
    errors: z.array(z.string()),
  })
  .describe("What the viewer's player said of itself last. Nobody has checked it.");

export const sessionSchema = z.object({
  id: z.string(),
  protocol: z.string().describe("`rtmp`, `rtsp`, `http-flv`, `ws-flv`, `http-mp4` or `ws-mp4`."),
  action: z.enum(["publish", "play"]).nullable().describe("null until it has said what it wants."),
  app: z.string().optional(),
  name: z.string().optional(),
  remoteAddress: z.string(),
  userAgent: z.string().optional(),
  since: time,
  firstFrameMs: count
    .optional()
    .describe("Of a viewer: from its connection to the first frame handed to it, milliseconds."),
  adapted: z
    .object({
      asked: z.string().describe("The stream's name in the address."),
      rendition: z.string().optional().describe("Not there where the stream itself is played."),
      bitrate: count.optional().describe("Of the rendition, as configured, bits per second."),
      device: z.enum(["mobile", "tablet", "desktop", "tv", "unknown"]),
      reasons: z.array(z.string()).describe("In the order in which they counted."),
    })
    .optional()
    .describe("How one of the stream's renditions was chosen for a viewer."),
  counters: z.object({
    bytesIn: count,
    bytesOut: count,
    packetsIn: count,
    undecodable: count.describe("Parts of a publisher's input that were left out as malformed."),
    droppedFrames: count.describe("Frames that a viewer did not get because it was too far behind."),
    droppedMs: count.describe("The same as media time, milliseconds."),
  }),
  report: reportSchema.optional(),
});

export const sessionsSchema = z.object({
  total: count.describe("How many match, of which `sessions` are the first `limit`."),
  sessions: z.array(sessionSchema),
});

export const streamsSchema = z.object({ streams: z.array(streamSchema) });

export const streamDetailSchema = z.object({
  ...stream,
  publisher: sessionSchema
    .nullable()
    .describe("The connection that publishes it; null where code does, or nobody at the moment."),
});

export const versionSchema = z.object({
  version: z.string(),
  node: z.string(),
  startedAt: time,
});

export const problemSchema = z.object({
  error: z.string().describe("A word for machines, such as `not-found`."),
  message: z.string().describe("A sentence for people."),
});

const MAX_SESSIONS = 10_000;

/** What `GET /api/v1/sessions` is asked for. */
export const sessionQuerySchema = z.strictObject({
  app: z.string().optional().describe("Only those of this app."),
  name: z.string().optional().describe("Only those of streams of this name."),
  action: z.enum(["publish", "play"]).optional().describe("Only those that do this."),
  protocol: z.string().optional().describe("Only those of this protocol."),
  limit: z.coerce.number().int().min(1).max(MAX_SESSIONS).default(1_000).describe("How many at most."),
});

/** The data of each event, by its type. */
export const eventSchemas = {
  "stream-begun": z.object({ at: time, ...place }),
  "stream-tracks": z.object({ at: time, ...stream }),
  "stream-ended": z.object({ at: time, ...place, reason: z.string() }),
  "session-begun": z.object({ at: time, ...sessionSchema.shape }),
  "session-ended": z.object({ at: time, ...sessionSchema.shape, reason: z.string() }),
  drop: z.object({
    at: time,
    session: z.string(),
    protocol: z.string(),
    ...place,
    cause: z.enum(["sink", "transport"]),
    frames: count,
    ms: z.number(),
    droppedFrames: count.describe("All that the session has missed so far."),
    droppedMs: count,
  }),
  quality: z.object({
    at: time,
    session: z.string(),
    ...place,
    from: z.string(),
    to: z.string(),
    cause: z.string(),
  }),
} as const;

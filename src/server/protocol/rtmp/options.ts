import { z } from "zod";

/** The keys below `rtmp`. */
export const rtmpSchema = z
  .strictObject({
    host: z
      .string()
      .min(1)
      .default("::")
      .describe("Address to listen on; `::` is every address, IPv6 and IPv4."),
    port: z
      .int()
      .min(0)
      .max(65535)
      .default(1935)
      .describe("TCP port for publishers and players; 0 picks a free one."),
    handshakeTimeoutMs: z
      .int()
      .min(100)
      .max(600_000)
      .default(10_000)
      .describe("A connection that has not got as far as publish or play after this long is closed."),
    idleTimeoutMs: z
      .int()
      .min(1_000)
      .max(3_600_000)
      .default(30_000)
      .describe("A publisher that sends nothing, or a player that answers no ping, for this long is closed."),
  })
  .prefault({})
  .describe("RTMP: publish from OBS, FFmpeg and hardware encoders, and play.");

export type RtmpOptions = z.output<typeof rtmpSchema>;

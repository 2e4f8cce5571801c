import { z } from "zod";
import { listenAddress, milliseconds } from "../../config/fields.js";

/** The keys below `rtmp`. */
export const rtmpSchema = z
  .strictObject({
    ...listenAddress(1935, "publishers and players"),
    handshakeTimeoutMs: milliseconds(
      10_000,
      "A connection that has not got as far as publish or play after this long is closed.",
      100,
      600_000,
    ),
    idleTimeoutMs: milliseconds(
      30_000,
      "A publisher that sends nothing, or a player that answers no ping, for this long is closed.",
      1_000,
    ),
  })
  .prefault({})
  .describe("RTMP: publish from OBS, FFmpeg and hardware encoders, and play.");

export type RtmpOptions = z.output<typeof rtmpSchema>;

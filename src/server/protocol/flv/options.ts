import { z } from "zod";

/** The keys below `flv`. */
export const flvSchema = z
  .strictObject({
    metadataAtKey: z
      .boolean()
      .default(false)
      .describe(
        "Repeats onMetaData with the wall clock before each key frame, for players that show the delay.",
      ),
  })
  .prefault({})
  .describe("HTTP-FLV and WebSocket-FLV.");

export type FlvOptions = z.output<typeof flvSchema>;

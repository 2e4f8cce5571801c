import { z } from "zod";
import { parseStreamKey } from "../../net/stream-name.js";
import { parseRtspUrl } from "./url.js";

const MAX_SOURCES = 1_000;

/** The key `pull`: what is fetched as long as the server runs. */
export const pullSchema = z
  .array(
    z.strictObject({
      url: z.string().refine(isRtspUrl, "must be an address such as rtsp://USER:PASSWORD@HOST:554/PATH"),
      stream: z
        .string()
        .refine((name) => parseStreamKey(name) !== undefined, "must be an app and a name, such as live/cam"),
      transport: z.enum(["tcp", "udp"]).default("tcp"),
    }),
  )
  .max(MAX_SOURCES, `must have at most ${MAX_SOURCES} entries`)
  .refine(
    (list) => new Set(list.map(({ stream }) => stream)).size === list.length,
    "must not have a stream twice",
  )
  .prefault([])
  .describe(
    "RTSP sources that the server fetches and publishes, for as long as it runs (docs/rtsp.md). As a flag or variable, JSON.",
  );

export type PullSource = z.output<typeof pullSchema>[number];

function isRtspUrl(text: string): boolean {
  try {
    parseRtspUrl(text);
    return true;
  } catch {
    return false;
  }
}

import { z } from "zod";
import { parseBitrate } from "../../abr/bitrate.js";

const MAX_RENDITIONS = 16;
/** Bits per second. */
const MAX_BITRATE = 1_000_000_000;
const MAX_SIZE = 32_768;
const MAX_FPS = 240;
/** Enhanced RTMP has a byte for it, and 0 is the stream itself. */
const MAX_TRACK = 255;

const bitrate = z
  .union([z.number(), z.string()])
  .transform((given) => (typeof given === "number" ? given : (parseBitrate(given) ?? 0)))
  .refine(
    (bitsPerSecond) =>
      Number.isInteger(bitsPerSecond) && bitsPerSecond >= 1000 && bitsPerSecond <= MAX_BITRATE,
    "must be bits per second from 1000 to 1000000000, or such as 800k and 1.2M",
  );

/** The ladder: NAME_480p and its like beside NAME. */
export const renditionsField = z
  .array(
    z.strictObject({
      name: z
        .string()
        .regex(/^[\w.-]{1,32}$/, "must be 1 to 32 letters, digits, dots, hyphens and underscores"),
      bitrate,
      codec: z.enum(["h264", "hevc", "vp9", "av1"]).optional(),
      width: z.int().min(2).max(MAX_SIZE).optional(),
      height: z.int().min(2).max(MAX_SIZE).optional(),
      fps: z.number().min(1).max(MAX_FPS).optional(),
      source: z.boolean().optional(),
      transcode: z.boolean().optional(),
      track: z.int().min(1).max(MAX_TRACK).optional(),
    }),
  )
  .max(MAX_RENDITIONS, `must have at most ${MAX_RENDITIONS} entries`)
  .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, "must not have a name twice")
  .refine(
    (list) => list.filter(({ source }) => source === true).length <= 1,
    "must not have two entries with `source`",
  )
  .refine(
    (list) =>
      list.every(
        ({ transcode, source, track }) =>
          Number(transcode === true) + Number(source === true) + Number(track !== undefined) < 2,
      ),
    "must not have an entry with two of `source`, `transcode` and `track`",
  )
  .refine(
    (list) => list.every(({ transcode, fps }) => transcode === true || fps === undefined),
    "must not have an entry with `fps` and without `transcode`",
  )
  .prefault([])
  .describe(
    "Streams NAME_480p and the like beside a stream NAME that are renditions of it: viewers of NAME get the one that suits their request; with `transcode` one that nobody sends is made while somebody watches, with `track` it is that track of Enhanced RTMP's multitrack (docs/abr.md). As a flag or variable, JSON.",
  );

/** What may be made of streams. */
export const ladderField = z
  .strictObject({
    allowHeavyCodecs: z
      .boolean()
      .default(false)
      .describe(
        "Whether renditions in `hevc`, `vp9` and `av1` may have `transcode`: they take several times what `h264` takes.",
      ),
  })
  .prefault({})
  .describe("The ladder of renditions: docs/abr.md.");

/** The rule that stands between two keys: what costs so much is to be wanted in so many words. */
export function refuseHeavyCodecs(
  {
    renditions,
    ladder,
  }: { renditions: z.output<typeof renditionsField>; ladder: z.output<typeof ladderField> },
  context: z.core.$RefinementCtx,
): void {
  if (ladder.allowHeavyCodecs) return;
  for (const [i, { transcode, codec = "h264" }] of renditions.entries()) {
    if (transcode !== true || codec === "h264") continue;
    const message = `is made only with \`ladder.allowHeavyCodecs: true\` (--ladder-allow-heavy-codecs): encoding it takes several times what h264 takes; or leave out \`transcode\`, and send it`;
    context.addIssue({ code: "custom", path: ["renditions", i, "codec"], message });
  }
}

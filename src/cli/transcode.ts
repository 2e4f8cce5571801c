import { transcode as transcodeFile } from "../av/transcode.js";
import { readArguments, usage } from "./arguments.js";
import { finishing, OUTPUT_SWITCHES, OUTPUT_VALUES, optional, outputOptions, runJob } from "./media-job.js";
import { parseTracks } from "./media-values.js";
import { PICTURE_VALUES, pictureOptions } from "./picture-arguments.js";
import type { Terminal } from "./terminal.js";

const SPEC = {
  command: "transcode",
  values: ["--tracks", ...PICTURE_VALUES, ...OUTPUT_VALUES],
  switches: OUTPUT_SWITCHES,
  short: { "-y": "--force" },
} as const;

/** `sluice transcode`: encodes anew, with what is asked for done to the picture. */
export async function transcode(argv: readonly string[], terminal: Terminal): Promise<void> {
  const given = readArguments(argv, SPEC);
  const [input, output] = given.places;
  if (input === undefined || output === undefined || given.places.length > 2)
    throw usage("one INPUT and one OUTPUT are needed", SPEC);
  const tracks = optional(given, SPEC, "--tracks", parseTracks, "list of tracks, such as 0,2");
  const finish = finishing(input);
  const options = {
    ...outputOptions(given, SPEC),
    ...pictureOptions(given, SPEC),
    ...finish.options,
    ...(tracks === undefined ? {} : { tracks }),
  };
  await runJob(() => transcodeFile(input, output, options), output, terminal, finish.run);
}

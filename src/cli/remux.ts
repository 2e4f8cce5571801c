import { remux as remuxFile } from "../av/remux.js";
import { readArguments, usage } from "./arguments.js";
import { finishing, OUTPUT_SWITCHES, OUTPUT_VALUES, optional, outputOptions, runJob } from "./media-job.js";
import { parseTracks } from "./media-values.js";
import type { Terminal } from "./terminal.js";

const SPEC = {
  command: "remux",
  values: ["--tracks", ...OUTPUT_VALUES],
  switches: OUTPUT_SWITCHES,
  short: { "-y": "--force" },
} as const;

/** `sluice remux`: another container, nothing encoded. */
export async function remux(argv: readonly string[], terminal: Terminal): Promise<void> {
  const given = readArguments(argv, SPEC);
  const [input, output] = given.places;
  if (input === undefined || output === undefined || given.places.length > 2)
    throw usage("one INPUT and one OUTPUT are needed", SPEC);
  const tracks = optional(given, SPEC, "--tracks", parseTracks, "list of tracks, such as 0,2");
  const finish = finishing(input);
  const options = {
    ...outputOptions(given, SPEC),
    ...finish.options,
    ...(tracks === undefined ? {} : { tracks }),
  };
  await runJob(() => remuxFile(input, output, options), output, terminal, finish.run);
}

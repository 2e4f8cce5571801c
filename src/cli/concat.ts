import { concat as concatFiles } from "../av/concat.js";
import { readArguments, usage } from "./arguments.js";
import { OUTPUT_SWITCHES, OUTPUT_VALUES, optional, outputOptions, runJob } from "./media-job.js";
import type { Terminal } from "./terminal.js";

const SPEC = {
  command: "concat",
  values: ["--audio", ...OUTPUT_VALUES],
  switches: ["--reencode", ...OUTPUT_SWITCHES],
  short: { "-y": "--force" },
} as const;

/** `sluice concat`: files, one after the other. */
export async function concat(argv: readonly string[], terminal: Terminal): Promise<void> {
  const given = readArguments(argv, SPEC);
  const inputs = given.places.slice(0, -1);
  const output = given.places.at(-1);
  if (output === undefined || inputs.length < 2)
    throw usage("two INPUTs at least and one OUTPUT are needed", SPEC);
  const none = (text: string): "none" | undefined => (text === "none" ? text : undefined);
  const audio = optional(given, SPEC, "--audio", none, "choice here: only none is");
  const options = {
    ...outputOptions(given, SPEC),
    reencode: given.has("--reencode"),
    ...(audio === undefined ? {} : { audio }),
  };
  await runJob(() => concatFiles(inputs, output, options), output, terminal);
}

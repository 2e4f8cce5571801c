import { transcode as transcodeFile } from "../av/transcode.js";
import { inputAndOutput, readArguments } from "./arguments.js";
import {
  finishing,
  OUTPUT_SWITCHES,
  OUTPUT_VALUES,
  outputOptions,
  runJob,
  tracksOption,
} from "./media-job.js";
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
  const [input, output] = inputAndOutput(given, SPEC);
  const finish = finishing(input);
  const options = {
    ...outputOptions(given, SPEC),
    ...pictureOptions(given, SPEC),
    ...finish.options,
    ...tracksOption(given, SPEC),
  };
  await runJob(() => transcodeFile(input, output, options), output, terminal, finish.run);
}

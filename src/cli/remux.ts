import { remux as remuxFile } from "../av/remux.js";
import { inputAndOutput, readArguments } from "./arguments.js";
import {
  finishing,
  OUTPUT_SWITCHES,
  OUTPUT_VALUES,
  outputOptions,
  runJob,
  tracksOption,
} from "./media-job.js";
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
  const [input, output] = inputAndOutput(given, SPEC);
  const finish = finishing(input);
  const options = {
    ...outputOptions(given, SPEC),
    ...finish.options,
    ...tracksOption(given, SPEC),
  };
  await runJob(() => remuxFile(input, output, options), output, terminal, finish.run);
}

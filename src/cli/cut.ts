import { cut as cutFile } from "../av/cut.js";
import { inputAndOutput, readArguments, usage } from "./arguments.js";
import {
  OUTPUT_SWITCHES,
  OUTPUT_VALUES,
  optional,
  outputOptions,
  runJob,
  tracksOption,
} from "./media-job.js";
import type { Terminal } from "./terminal.js";
import { formatTime, parseTime } from "./time.js";

const SPEC = {
  command: "cut",
  values: ["--from", "--to", "--tracks", ...OUTPUT_VALUES],
  switches: ["--exact", ...OUTPUT_SWITCHES],
  short: { "-y": "--force" },
} as const;

/** `sluice cut`: a part of a file. */
export async function cut(argv: readonly string[], terminal: Terminal): Promise<void> {
  const given = readArguments(argv, SPEC);
  const [input, output] = inputAndOutput(given, SPEC);
  const from = optional(given, SPEC, "--from", parseTime, "time, such as 90s or 00:01:02.5");
  const to = optional(given, SPEC, "--to", parseTime, "time, such as 90s or 00:01:02.5");
  if (from === undefined && to === undefined) throw usage("--from, --to or both are needed", SPEC);
  if (from !== undefined && to !== undefined && to <= from) throw usage("--to must be after --from", SPEC);
  const options = {
    ...outputOptions(given, SPEC),
    exact: given.has("--exact"),
    ...(from === undefined ? {} : { fromMs: from / 1_000 }),
    ...(to === undefined ? {} : { toMs: to / 1_000 }),
    ...tracksOption(given, SPEC),
  };
  await runJob(() => cutFile(input, output, options), output, terminal, {
    also: ({ startUs }) =>
      startUs === undefined ? undefined : `from the key frame at ${formatTime(startUs)}`,
  });
}

import { type CaptureOptions, capture as captureDevice } from "../av/capture.js";
import { readArguments, usage } from "./arguments.js";
import { OUTPUT_SWITCHES, OUTPUT_VALUES, optional, outputOptions, runJob } from "./media-job.js";
import { PICTURE_VALUES, pictureOptions } from "./picture-arguments.js";
import type { Terminal } from "./terminal.js";
import { parseTime } from "./time.js";

const SPEC = {
  command: "capture",
  values: ["--duration", ...PICTURE_VALUES, ...OUTPUT_VALUES],
  switches: OUTPUT_SWITCHES,
  short: { "-y": "--force", "-t": "--duration" },
} as const;

/** `sluice capture`: records a camera, or a picture that FFmpeg makes, until its duration is over or Ctrl+C. */
export async function capture(argv: readonly string[], terminal: Terminal): Promise<void> {
  const given = readArguments(argv, SPEC);
  const [device, output] = given.places;
  if (device === undefined || output === undefined || given.places.length > 2)
    throw usage("one DEVICE and one OUTPUT are needed", SPEC);
  const duration = optional(given, SPEC, "--duration", parseTime, "time, such as 90s or 00:01:02.5");
  const finish = new AbortController();
  const options = {
    ...outputOptions(given, SPEC),
    ...pictureOptions(given, SPEC),
    ...(duration === undefined ? {} : { durationMs: duration / 1_000 }),
    finish: finish.signal,
  } as CaptureOptions;
  await runJob(() => captureDevice(device, output, options), output, terminal, {
    stop: () => finish.abort(),
  });
}

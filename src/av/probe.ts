import { chooseEngine } from "./engine.js";
import type { Job } from "./job.js";
import type { MediaInfo } from "./media-info.js";
import { requireReadable } from "./open.js";
import { type AvOptions, jobDesk, limitsOf } from "./options.js";
import { parseSource } from "./source.js";

export interface ProbeOptions extends AvOptions {
  /**
   * How many of a file's first packets are looked at for the interval of its key frames; of a network source the first
   * 5 seconds are. 1,500 by default, 0 looks at none.
   */
  readonly packets?: number;
}

const TIMEOUT_MS = 30_000;
const PACKETS = 1_500;
const MAX_PACKETS = 100_000;

/**
 * What is in a file, or at an http, rtmp or rtsp address.
 *
 * Nothing is decoded, but for one picture of an HDR file that keeps its mastering data there. `timeoutMs` is 30 s by
 * default.
 *
 * @throws AvError; TypeError for wrong arguments
 */
export async function probe(input: string, options: ProbeOptions = {}): Promise<MediaInfo> {
  return startProbe(input, options).done;
}

/** The same as a job, which has an id. @throws AvError `unsupported` or `not-found` for an address that is none; TypeError */
export function startProbe(input: string, options: ProbeOptions = {}): Job<MediaInfo> {
  const source = parseSource(input);
  const { packets = PACKETS } = options;
  if (!Number.isInteger(packets) || packets < 0 || packets > MAX_PACKETS) {
    throw new TypeError(`packets must be a whole number from 0 to ${MAX_PACKETS}`);
  }
  const limits = limitsOf(options, { timeoutMs: TIMEOUT_MS });
  return jobDesk(options).start(
    "probe",
    async ({ signal }) => {
      await requireReadable(source);
      const engine = await chooseEngine(options);
      return engine.probe({ source, packets }, { signal, limits });
    },
    options.signal,
  );
}

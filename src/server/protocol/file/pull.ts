import { createReadStream } from "node:fs";
import type { Publisher } from "../../../hub/publisher.js";
import { type ReplayOptions, replay } from "./replay.js";

export interface FilePullInit extends ReplayOptions {
  /** Path of an FLV file. */
  readonly file: string;
  readonly publisher: Publisher;
}

/**
 * Publishes a file in real time. Settles at its end or when the signal fires; the publisher stays its owner's.
 *
 * @throws MediaError for a broken file, and what reading it failed with
 */
export function pullFile({ file, publisher, ...options }: FilePullInit): Promise<void> {
  const sink = {
    describe: publisher.describe.bind(publisher),
    track: publisher.track.bind(publisher),
    write: publisher.write.bind(publisher),
  };
  return replay(() => createReadStream(file), sink, options);
}

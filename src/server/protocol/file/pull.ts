import { createReadStream } from "node:fs";
import type { Publisher } from "../../../hub/publisher.js";
import { type WorkProbe, worked } from "../../../hub/work.js";
import type { Packet } from "../../../media/model/packet.js";
import { type ReplayOptions, replay } from "./replay.js";

export interface FilePullInit extends ReplayOptions {
  /** Path of an FLV file. */
  readonly file: string;
  readonly publisher: Publisher;
  /** The stream's name, and where to say that it is being written. */
  readonly name: string;
  readonly probe: WorkProbe;
}

/**
 * Publishes a file in real time. Settles at its end or when the signal fires; the publisher stays its owner's.
 *
 * @throws MediaError for a broken file, and what reading it failed with
 */
export function pullFile({ file, publisher, name, probe, ...options }: FilePullInit): Promise<void> {
  const work = { stage: "ingest", protocol: "file", stream: name };
  const sink = {
    describe: publisher.describe.bind(publisher),
    track: publisher.track.bind(publisher),
    write: (packet: Packet) => worked(probe, work, () => publisher.write(packet)),
  };
  return replay(() => createReadStream(file), sink, options);
}

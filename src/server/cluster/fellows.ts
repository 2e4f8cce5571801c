import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Logger } from "../contract/logger.js";
import type { Fellows, Recorded } from "../observe/fellows.js";
import type { QosRequest, RecordingRequest } from "../observe/recording.js";
import type { RecordAsk, SlicesAsk } from "./messages.js";
import type { WorkerProcess } from "./worker-process.js";

/** On top of how long a recording takes: time for making a profile of it. */
const SPARE_MS = 15_000;
const SLICES_MS = 5_000;
/** What a worker hands over at most. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;

/** A worker by the name that it has in profiles. */
export interface NamedWorker {
  readonly name: string;
  readonly process: Pick<WorkerProcess, "record" | "slices">;
}

/** The workers' instruments, for their parent. @param workers those that are there when it is called */
export function createFellows(workers: () => readonly NamedWorker[], log: Logger): Fellows {
  async function recordOne(
    { name, process }: NamedWorker,
    request: RecordingRequest | QosRequest,
    folder: string,
    signal: AbortSignal,
  ): Promise<Recorded | undefined> {
    // A profile can be megabytes: by the channel it would hold up what else the processes have to tell each other.
    const ask: RecordAsk = { request, file: path.join(folder, name) };
    try {
      const problem = await process.record(ask, request.seconds * 1000 + SPARE_MS, signal);
      if (problem !== undefined) return { worker: name, problem };
      if ((await stat(ask.file)).size > MAX_FILE_BYTES) throw new Error("the recording is too large");
      return { worker: name, bytes: await readFile(ask.file) };
    } catch (error) {
      if (!signal.aborted) log.warn({ worker: name, err: error }, "a worker recorded nothing");
      return undefined;
    }
  }

  async function sampleOne(
    { name, process }: NamedWorker,
    ask: SlicesAsk,
    onSlices: Parameters<Fellows["sample"]>[1],
    signal: AbortSignal,
  ): Promise<void> {
    try {
      for (let over = false; !over && !signal.aborted; ) {
        const answer = await process.slices(ask, SLICES_MS, signal);
        over = answer.over;
        if (answer.slices.length > 0) onSlices(name, answer.slices);
      }
    } catch (error) {
      if (!signal.aborted) log.warn({ worker: name, err: error }, "a worker tells no more samples");
    }
  }

  return {
    async record(request, signal) {
      // mkdtemp makes it with mode 0700.
      const folder = await mkdtemp(path.join(tmpdir(), "sluice-recordings-"));
      try {
        const all = await Promise.all(workers().map((each) => recordOne(each, request, folder, signal)));
        return all.filter((recorded) => recorded !== undefined);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
    async sample(periodMicros, onSlices, signal) {
      const ask = { reader: randomBytes(9).toString("base64url"), periodMicros };
      await Promise.all(workers().map((each) => sampleOne(each, ask, onSlices, signal)));
    },
  };
}

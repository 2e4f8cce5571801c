import { writeFile } from "node:fs/promises";
import type { Cancel, Scheduler } from "../../hub/scheduler.js";
import type { Instruments } from "../observe/instruments.js";
import type { LiveSlice } from "../observe/live-slice.js";
import { recordingProblem } from "../observe/recorder.js";
import type { RecordingProblem } from "../observe/recording.js";
import type { RecordAsk, SlicesAnswer, SlicesAsk } from "./messages.js";

/** Nobody who reads lets so much time pass without asking. */
const ABANDONED_MS = 5_000;
/** An answer without slices comes after this: who asks wants to know that somebody is there. */
const WAIT_MS = 1_000;
/** Slices that wait to be asked for; the oldest is left out for a newer one. */
const MAX_SLICES = 8;

/** Records what a worker does, for its parent. */
export interface WorkerRecordings {
  /** Writes a recording into a file that the parent has made room for. @returns why there is none */
  record(ask: RecordAsk, signal: AbortSignal): Promise<RecordingProblem | undefined>;
  /** The slices since the last time, as soon as there are some. The first call begins. */
  slices(ask: SlicesAsk, signal: AbortSignal): Promise<SlicesAnswer>;
}

interface Reader {
  slices: LiveSlice[];
  wake: () => void;
  stop: () => void;
  cancelAbandoned: Cancel;
  over: boolean;
}

export function createWorkerRecordings(
  instruments: () => Instruments | undefined,
  scheduler: Scheduler,
): WorkerRecordings {
  const readers = new Map<string, Reader>();

  async function begin(id: string, periodMicros: number, from: Instruments): Promise<Reader> {
    const reader: Reader = { slices: [], wake() {}, stop() {}, cancelAbandoned() {}, over: false };
    readers.set(id, reader);
    try {
      reader.stop = await from.feed.follow(
        periodMicros,
        (slice) => {
          if (reader.slices.length >= MAX_SLICES) reader.slices.shift();
          reader.slices.push(slice);
          reader.wake();
        },
        () => {
          reader.over = true;
          reader.wake();
        },
      );
    } catch (error) {
      readers.delete(id);
      throw error;
    }
    return reader;
  }

  return {
    async record({ request, file }, signal) {
      const from = instruments();
      if (from === undefined) return { status: 503, reason: "it has not begun" };
      try {
        const bytes = await from.record(request, signal);
        // The directory is the parent's, with mode 0700; `wx` writes nothing that is there already.
        if (bytes !== undefined && !signal.aborted) await writeFile(file, bytes, { flag: "wx", mode: 0o600 });
        return undefined;
      } catch (error) {
        const problem = recordingProblem(error);
        if (problem === undefined) throw error;
        return problem;
      }
    },
    async slices({ reader: id, periodMicros }, signal) {
      const from = instruments();
      if (from === undefined) return { slices: [], over: true };
      const reader = readers.get(id) ?? (await begin(id, periodMicros, from));
      reader.cancelAbandoned();
      const end = (): void => {
        reader.stop();
        readers.delete(id);
      };
      if (reader.slices.length === 0 && !reader.over) await pause(reader, signal, scheduler);
      const { slices, over } = reader;
      reader.slices = [];
      if (over || signal.aborted) end();
      else reader.cancelAbandoned = scheduler.after(ABANDONED_MS, end);
      return { slices, over };
    },
  };
}

/** Settles when there is something to tell, nobody wants it, or enough time has passed. */
function pause(reader: Reader, signal: AbortSignal, scheduler: Scheduler): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      cancel();
      signal.removeEventListener("abort", settle);
      reader.wake = () => {};
      resolve();
    };
    const cancel = scheduler.after(WAIT_MS, settle);
    signal.addEventListener("abort", settle);
    reader.wake = settle;
  });
}

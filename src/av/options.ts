import { availableParallelism } from "node:os";
import type { EngineOptions } from "./engine.js";
import { createJobDesk, type JobDesk } from "./job.js";
import type { Limits } from "./task.js";

/** What every function of `sluice/av` takes. */
export interface AvOptions extends EngineOptions {
  /** Ends it, wherever it is. */
  readonly signal?: AbortSignal;
  /** From its start to its end, milliseconds; 0 is none. */
  readonly timeoutMs?: number;
  /** Without anything coming while somebody waits for it, milliseconds; 0 is none. */
  readonly stallTimeoutMs?: number;
  /** Resident memory of each process that it starts, bytes; 0 is none. 2 GiB by default; watched on Linux. */
  readonly memoryBytes?: number;
  /** How many jobs run at once, and who is told of them; one desk for the whole process by default. */
  readonly jobs?: JobDesk;
}

const MEMORY_BYTES = 2 * 1024 * 1024 * 1024;
const MAX_WAITING = 100;
let processDesk: JobDesk | undefined;

/** The desk of who brings none: cores are the whole process's, so this is too. At least 4 jobs at once. */
export function jobDesk({ jobs }: AvOptions): JobDesk {
  if (jobs !== undefined) return jobs;
  processDesk ??= createJobDesk({ maxRunning: Math.max(4, availableParallelism()), maxWaiting: MAX_WAITING });
  return processDesk;
}

/** @throws TypeError that names the option */
export function limitsOf(options: AvOptions, defaults: Partial<Limits> = {}): Limits {
  return {
    timeoutMs: bound("timeoutMs", options.timeoutMs ?? defaults.timeoutMs ?? 0),
    stallTimeoutMs: bound("stallTimeoutMs", options.stallTimeoutMs ?? defaults.stallTimeoutMs ?? 0),
    memoryBytes: bound("memoryBytes", options.memoryBytes ?? defaults.memoryBytes ?? MEMORY_BYTES),
  };
}

function bound(name: string, value: number): number {
  if (!Number.isFinite(value) || value < 0) throw new TypeError(`${name} must be a number from 0`);
  return value;
}

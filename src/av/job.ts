import { randomBytes } from "node:crypto";
import { AvError, abortedError } from "./error.js";
import type { Progress } from "./progress.js";

/** One piece of work that can be watched and ended. */
export interface Job<T> {
  /** Also `media_job_id` in log lines. */
  readonly id: string;
  /** `probe`, `frames`, `remux`, … */
  readonly kind: string;
  /** Settles when it has ended and nothing of it is left. @throws AvError */
  readonly done: Promise<T>;
  /** The latest, undefined before the first. */
  readonly progress: Progress | undefined;
  /** Calls back a few times a second while it goes on; returns what stops that. */
  onProgress(listener: (progress: Progress) => void): () => void;
  /** Ends it: `done` rejects with `aborted`. */
  cancel(): void;
}

/** What a job's work is handed. */
export interface JobContext {
  readonly id: string;
  /** Fires when the job is cancelled, its caller's signal fires, or its desk closes. */
  readonly signal: AbortSignal;
  report(progress: Progress): void;
}

/** What is told of jobs: at their beginning and end, never in between. A pino logger has this shape. */
export interface JobLog {
  info(fields: object, message: string): void;
}

export interface JobDeskOptions {
  /** Jobs at once. */
  readonly maxRunning: number;
  /** Jobs that wait for one of those to end; more are refused as `busy`. */
  readonly maxWaiting: number;
  readonly log?: JobLog;
}

/** A place among those that may run. */
export interface Turn {
  /** Also `media_job_id` in log lines. */
  readonly id: string;
  /** Fires with the caller's signal, and when the desk closes. */
  readonly signal: AbortSignal;
  /** Gives the place back. @param error why, where it went wrong */
  leave(error?: unknown): void;
}

/** Where jobs are started, so many at once. */
export interface JobDesk {
  /** Never throws: what goes wrong is in `done`. */
  start<T>(kind: string, work: (context: JobContext) => Promise<T>, signal?: AbortSignal): Job<T>;
  /** A turn to work, for what is driven from outside: an iterator. @throws AvError `busy`, `aborted` */
  enter(kind: string, signal?: AbortSignal): Promise<Turn>;
  readonly running: number;
  readonly waiting: number;
  /** Ends all jobs, and takes no more; settles when none is left. */
  close(): Promise<void>;
}

const ID_BYTES = 9;

export function createJobDesk(options: JobDeskOptions): JobDesk {
  const { maxRunning, maxWaiting, log } = options;
  if (!(maxRunning >= 1)) throw new TypeError("maxRunning must be at least 1");
  if (!(maxWaiting >= 0)) throw new TypeError("maxWaiting must be at least 0");
  let running = 0;
  const waiting: (() => void)[] = [];
  const closing = new AbortController();
  /** Called when the last has left, once it closes. */
  let onIdle: (() => void) | undefined;

  async function take(signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw abortedError(signal);
    if (running < maxRunning) running += 1;
    else if (waiting.length < maxWaiting) await turn(signal);
    else {
      throw new AvError(
        "busy",
        `${running} media jobs are running and ${waiting.length} are waiting; try again later`,
      );
    }
  }

  /** The place goes from one to the next: nobody comes in between. */
  function giveBack(): void {
    const next = waiting.shift();
    if (next !== undefined) next();
    else running -= 1;
    if (running === 0) onIdle?.();
  }

  function turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const mine = (): void => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      };
      const onAbort = (): void => {
        waiting.splice(waiting.indexOf(mine), 1);
        reject(abortedError(signal));
      };
      waiting.push(mine);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  async function begin(id: string, kind: string, signal: AbortSignal): Promise<Turn> {
    await take(signal);
    const startedAt = performance.now();
    log?.info({ media_job_id: id, kind }, "media job started");
    let left = false;
    return {
      id,
      signal,
      leave(error) {
        if (left) return;
        left = true;
        const ms = Math.round(performance.now() - startedAt);
        if (error === undefined) log?.info({ media_job_id: id, kind, ms }, "media job done");
        else {
          const { code, message } = asAvError(error);
          log?.info({ media_job_id: id, kind, ms, code, error: message }, "media job failed");
        }
        giveBack();
      },
    };
  }

  const signals = (...own: (AbortSignal | undefined)[]): AbortSignal =>
    AbortSignal.any([closing.signal, ...own.filter((each) => each !== undefined)]);

  function start<T>(kind: string, work: (context: JobContext) => Promise<T>, signal?: AbortSignal): Job<T> {
    const id = newId();
    const own = new AbortController();
    const ends = signals(own.signal, signal);
    const listeners = new Set<(progress: Progress) => void>();
    let latest: Progress | undefined;
    const report = (progress: Progress): void => {
      latest = progress;
      for (const listener of [...listeners]) listener(progress);
    };
    const done = (async (): Promise<T> => {
      const { leave } = await begin(id, kind, ends);
      try {
        const result = await work({ id, signal: ends, report });
        leave();
        return result;
      } catch (error) {
        leave(error);
        throw error instanceof TypeError ? error : asAvError(error);
      } finally {
        listeners.clear();
      }
    })();
    // Whoever only listens to its progress, or cancels it, is not told twice.
    done.catch(() => {});
    return {
      id,
      kind,
      done,
      get progress() {
        return latest;
      },
      onProgress(listener) {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
      cancel: () => own.abort(new AvError("aborted", `the ${kind} job was cancelled`)),
    };
  }

  return {
    start,
    enter: (kind, signal) => begin(newId(), kind, signals(signal)),
    get running() {
      return running;
    },
    get waiting() {
      return waiting.length;
    },
    close() {
      closing.abort(new AvError("aborted", "no more media jobs are taken"));
      return new Promise((resolve) => {
        if (running === 0) resolve();
        else onIdle = resolve;
      });
    },
  };
}

function newId(): string {
  return randomBytes(ID_BYTES).toString("base64url");
}

function asAvError(error: unknown): AvError {
  if (error instanceof AvError) return error;
  return new AvError("failed", error instanceof Error ? error.message : String(error), { cause: error });
}

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

/** Where jobs are started, so many at once. */
export interface JobDesk {
  /** Never throws: what goes wrong is in `done`. */
  start<T>(kind: string, work: (context: JobContext) => Promise<T>, signal?: AbortSignal): Job<T>;
  /** A turn to work, for what is no job: an iterator that a consumer drives. Give it back. @throws AvError */
  enter(signal: AbortSignal): Promise<() => void>;
  readonly running: number;
  readonly waiting: number;
  /** Ends all jobs, and takes no more; settles when none is left. */
  close(): Promise<void>;
}

const ID_BYTES = 9;

export function createJobDesk(options: JobDeskOptions): JobDesk {
  const { maxRunning, maxWaiting, log } = options;
  if (!(maxRunning >= 1)) throw new TypeError("maxRunning must be at least 1");
  let running = 0;
  const waiting: (() => void)[] = [];
  const closing = new AbortController();
  const jobs = new Set<Promise<unknown>>();

  async function enter(signal: AbortSignal): Promise<() => void> {
    if (signal.aborted) throw abortedError(signal);
    if (running < maxRunning) running++;
    else if (waiting.length >= maxWaiting) {
      throw new AvError(
        "busy",
        `${running} media jobs are running and ${waiting.length} are waiting; try again later`,
      );
    } else await turn(signal);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      const next = waiting.shift();
      // The place goes from one to the next: nobody comes in between.
      if (next === undefined) running--;
      else next();
    };
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

  function start<T>(kind: string, work: (context: JobContext) => Promise<T>, signal?: AbortSignal): Job<T> {
    const id = randomBytes(ID_BYTES).toString("base64url");
    const own = new AbortController();
    const ends = AbortSignal.any([own.signal, closing.signal, ...(signal ? [signal] : [])]);
    const listeners = new Set<(progress: Progress) => void>();
    let latest: Progress | undefined;
    const done = (async (): Promise<T> => {
      const startedAt = performance.now();
      try {
        const leave = await enter(ends);
        try {
          log?.info({ media_job_id: id, kind }, "media job started");
          const result = await work({
            id,
            signal: ends,
            report(progress) {
              latest = progress;
              for (const listener of [...listeners]) listener(progress);
            },
          });
          log?.info(
            { media_job_id: id, kind, ms: Math.round(performance.now() - startedAt) },
            "media job done",
          );
          return result;
        } finally {
          leave();
        }
      } catch (error) {
        const failed =
          error instanceof AvError || error instanceof TypeError
            ? error
            : new AvError("failed", error instanceof Error ? error.message : String(error), { cause: error });
        const code = failed instanceof AvError ? failed.code : "failed";
        log?.info({ media_job_id: id, kind, code, error: failed.message }, "media job failed");
        throw failed;
      } finally {
        listeners.clear();
      }
    })();
    const settled = done.then(
      () => {},
      () => {},
    );
    jobs.add(settled);
    void settled.then(() => jobs.delete(settled));
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
    enter: (signal) => enter(AbortSignal.any([signal, closing.signal])),
    get running() {
      return running;
    },
    get waiting() {
      return waiting.length;
    },
    async close() {
      closing.abort(new AvError("aborted", "no more media jobs are taken"));
      await Promise.all(jobs);
    },
  };
}

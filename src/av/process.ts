import { type ChildProcess, spawn } from "node:child_process";
import { setPriority } from "node:os";
import type { Readable } from "node:stream";
import { readLines, tail, writeTo } from "./child-streams.js";
import { AvError, abortedError } from "./error.js";
import { endWithUs, killGroup, residentBytes, setprivPath, untilGroupGone } from "./process-group.js";

/** One program to run. */
export interface ChildInit {
  /** What an error calls it: `ffmpeg`. */
  readonly name: string;
  readonly command: string;
  /** What it works on, for errors: a file's name. */
  readonly subject?: string;
  /** No shell looks at them. */
  readonly args: readonly string[];
  /** Added to this process's own variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether it is given anything on its standard input. */
  readonly stdin?: boolean;
  /** Gets each line that it writes to descriptor 3, without the end of line. At most 64 KiB of one are kept. */
  readonly onLine?: (line: string) => void;
  readonly signal: AbortSignal;
  /** From its start to its end, milliseconds; 0 is none. */
  readonly timeoutMs: number;
  /** Without a byte on standard output or a call of `alive()`, milliseconds; 0 is none. */
  readonly stallTimeoutMs: number;
  /** Resident memory, looked at four times a second on Linux; 0 is none. */
  readonly memoryBytes: number;
  /** Whether it gives way to others: to a live server, above all. */
  readonly background?: boolean;
}

export interface ChildEnd {
  /** Null where a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last 16 KiB of its standard error. */
  readonly stderr: string;
}

export interface Child {
  readonly pid: number | undefined;
  /** Its standard output, once. Who does not ask holds the program back; who leaves the loop ends it. */
  readonly stdout: AsyncIterable<Uint8Array>;
  /** Writes to its standard input; settles when more may come. Once the program has ended, nothing happens. */
  write(bytes: Uint8Array): Promise<void>;
  /** No more input. */
  endInput(): void;
  /** Something came of it: the stall timeout begins anew. */
  alive(): void;
  /** Ends it; `done` rejects with this. */
  stop(error: AvError): void;
  /**
   * Settles when it and whatever it started are gone.
   *
   * @throws AvError `aborted`, `timeout`, `memory`, `no-engine`, or what `stop` was given
   */
  readonly done: Promise<ChildEnd>;
}

/** From SIGTERM, upon which FFmpeg ends in order, to SIGKILL. */
const KILL_AFTER_MS = 2_000;
const MEMORY_EVERY_MS = 250;
/** Whoever left the group and holds its standard error open is not waited for. */
const LAST_WORDS_MS = 1_000;
/** Exit codes of `setpriv` where the program could not be run. */
const NOT_RUN = new Set([126, 127]);
const BACKGROUND_PRIORITY = 10;

/**
 * Runs one program in a process group of its own, so that Ctrl+C in a terminal reaches us and not it.
 *
 * It ends with us: in order, when this process exits; and on Linux also where this process is killed (`setpriv` of
 * util-linux asks the kernel for that).
 */
export function runChild(init: ChildInit): Child {
  const { signal, timeoutMs, stallTimeoutMs, memoryBytes } = init;
  if (signal.aborted) return neverStarted(abortedError(signal));
  const wrapper = setprivPath();
  const command = wrapper ?? init.command;
  const args = wrapper === null ? init.args : ["--pdeathsig", "KILL", "--", init.command, ...init.args];
  let child: ChildProcess;
  try {
    child = spawn(command, args, {
      stdio: [init.stdin ? "pipe" : "ignore", "pipe", "pipe", init.onLine ? "pipe" : "ignore"],
      detached: true,
      windowsHide: true,
      env: { ...process.env, AV_LOG_FORCE_NOCOLOR: "1", ...init.env },
    });
  } catch (error) {
    return neverStarted(
      new AvError("failed", `${init.name} cannot be started: ${String(error)}`, { cause: error }),
    );
  }
  const stdout = child.stdout as Readable;
  const about = init.subject === undefined ? "" : `${init.subject}: `;
  let stopped: AvError | undefined;
  let ended = false;
  const timers = new Set<NodeJS.Timeout>();
  let stall: NodeJS.Timeout | undefined;

  function stop(error: AvError): void {
    if (stopped !== undefined || ended) return;
    stopped = error;
    // Blocked in a write, it would not notice the signal.
    stdout.destroy();
    child.stdin?.destroy();
    killGroup(child.pid, "SIGTERM");
    timers.add(setTimeout(() => killGroup(child.pid, "SIGKILL"), KILL_AFTER_MS));
  }
  function alive(): void {
    clearTimeout(stall);
    if (stallTimeoutMs <= 0 || ended || stopped !== undefined) return;
    stall = setTimeout(
      () => stop(new AvError("timeout", `${about}nothing came for ${seconds(stallTimeoutMs)}`)),
      stallTimeoutMs,
    );
  }
  async function* output(): AsyncGenerator<Uint8Array> {
    try {
      for await (const bytes of stdout) {
        // As long as the consumer is at it, it is not the program that stalls.
        clearTimeout(stall);
        yield bytes as Uint8Array;
        alive();
      }
    } catch (error) {
      if (stopped === undefined) throw error;
    }
    if (stopped === undefined) return;
    // Whoever waits for its output waits for its end.
    await done.catch(() => {});
    throw stopped;
  }

  const onAbort = (): void => stop(abortedError(signal));
  const forget = endWithUs(child.pid);
  signal.addEventListener("abort", onAbort, { once: true });
  if (timeoutMs > 0) {
    timers.add(
      setTimeout(
        () => stop(new AvError("timeout", `${about}not done within the limit of ${seconds(timeoutMs)}`)),
        timeoutMs,
      ),
    );
  }
  if (memoryBytes > 0) {
    timers.add(
      setInterval(() => {
        if (residentBytes(child.pid) > memoryBytes) {
          stop(
            new AvError(
              "memory",
              `${about}${init.name} took more than the limit of ${megabytes(memoryBytes)}`,
            ),
          );
        }
      }, MEMORY_EVERY_MS),
    );
  }
  if (init.background && child.pid !== undefined) yieldTo(child.pid);
  alive();
  const stderr = tail(child.stderr as Readable);
  const lines = init.onLine && readLines(child.stdio[3] as Readable, init.onLine);
  // What it did not take is its own affair: why it ended is in `done`.
  child.stdin?.on("error", () => {});
  stdout.on("error", () => {});

  const done = (async (): Promise<ChildEnd> => {
    try {
      const [code, exitSignal] = await exited(child, init.name);
      ended = true;
      killGroup(child.pid, "SIGKILL");
      await untilGroupGone(child.pid);
      if (stopped !== undefined) throw stopped;
      await within(LAST_WORDS_MS, Promise.all([stderr.closed, lines]));
      if (wrapper !== null && NOT_RUN.has(code ?? 0) && stderr.text().startsWith("setpriv:")) {
        throw new AvError("no-engine", `${init.name} cannot be started: ${stderr.text().trim()}`);
      }
      return { code, signal: exitSignal, stderr: stderr.text() };
    } finally {
      ended = true;
      clearTimeout(stall);
      for (const timer of timers) clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      forget();
    }
  })();
  // Whoever reads the output gets to it later.
  done.catch(() => {});
  return {
    pid: child.pid,
    stdout: { [Symbol.asyncIterator]: output },
    write: (bytes) => writeTo(child.stdin, bytes),
    endInput: () => void child.stdin?.end(),
    alive,
    stop,
    done,
  };
}

/** Gives a program all of `input`; settles at its end, or when the program takes no more. */
export async function feed(child: Child, input: AsyncIterable<Uint8Array>): Promise<void> {
  let over = false;
  let wake = (): void => {};
  const onEnd = (): void => {
    over = true;
    wake();
  };
  child.done.then(onEnd, onEnd);
  // Not Promise.race: the program's end would keep what every race before it has settled with, all of the input.
  const orEnd = <T>(something: Promise<T>): Promise<T | undefined> =>
    new Promise((resolve, reject) => {
      wake = () => resolve(undefined);
      if (over) wake();
      something.then(resolve, reject);
    });
  const iterator = input[Symbol.asyncIterator]();
  try {
    while (!over) {
      const next = await orEnd(iterator.next());
      if (next === undefined || next.done === true) break;
      await orEnd(child.write(next.value));
    }
  } finally {
    child.endInput();
    // It may be in the middle of a wait that never ends: nobody waits for it.
    void Promise.resolve(iterator.return?.()).catch(() => {});
  }
}

function neverStarted(error: AvError): Child {
  const done = Promise.reject(error);
  done.catch(() => {});
  return {
    pid: undefined,
    stdout: {
      // biome-ignore lint/correctness/useYield: it ends before the first.
      async *[Symbol.asyncIterator]() {
        throw error;
      },
    },
    write: async () => {},
    endInput: () => {},
    alive: () => {},
    stop: () => {},
    done,
  };
}

function exited(child: ChildProcess, name: string): Promise<[number | null, NodeJS.Signals | null]> {
  return new Promise((resolve, reject) => {
    child.once("exit", (code, signal) => resolve([code, signal]));
    child.once("error", (error: NodeJS.ErrnoException) => {
      const missing = error.code === "ENOENT" || error.code === "EACCES";
      const code = missing ? "no-engine" : "failed";
      reject(new AvError(code, `${name} cannot be started: ${error.message}`, { cause: error }));
    });
  });
}

/** Waits for something, but not for longer. */
async function within(ms: number, something: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([something, over]);
  clearTimeout(timer);
}

function yieldTo(pid: number): void {
  try {
    setPriority(pid, BACKGROUND_PRIORITY);
  } catch {
    // It has ended already, or we may not: it is a courtesy.
  }
}

function seconds(ms: number): string {
  return `${ms / 1000} s`;
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / (1024 * 1024))} MiB`;
}

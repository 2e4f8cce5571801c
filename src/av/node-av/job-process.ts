import { fileURLToPath } from "node:url";
import type { EngineIo } from "../engine.js";
import { AvError } from "../error.js";
import { explain } from "../ffmpeg/explain.js";
import { type Child, type ChildEnd, feed, runChild } from "../process.js";
import type { Installation } from "./install.js";
import { type Done, encodeJob, readOutcome } from "./wire.js";

/** What is asked of one process: a task by its name. */
export interface JobInit {
  readonly kind: "hello" | "probe" | "frames" | "image" | "convert";
  readonly task: object;
  /** What an error calls its subject: the input, without secrets. */
  readonly what: string;
  /** Gets the lines of progress. */
  readonly onLine?: (line: string) => void;
}

/** What came of a job, and what FFmpeg said meanwhile. */
export interface Ended extends Done {
  readonly stderr: string;
}

export interface JobProcess {
  /** What the job makes. */
  readonly stdout: AsyncIterable<Uint8Array>;
  /** Ends it without waiting for what it does. */
  stop(): void;
  /**
   * Settles when the process is gone, with what came of the job.
   *
   * @throws AvError
   * @throws Unavailable when node-av could not be loaded: nothing was done, and no input was taken
   */
  readonly done: Promise<Ended>;
}

/** node-av is installed and cannot be loaded: another platform's package, a library of the system that is missing. */
export class Unavailable extends AvError {
  constructor(message: string) {
    super("no-engine", `node-av is installed, but cannot be loaded: ${message}`);
  }
}

/** How a process with node-av is started; a test starts another. */
export interface Launcher {
  readonly installation: Installation;
  /** The file that it runs. */
  readonly worker: string;
}

export function launcher(installation: Installation): Launcher {
  return { installation, worker: fileURLToPath(new URL("./worker.js", import.meta.url)) };
}

/** Starts a process for one job. It gets the input's bytes once it is ready for them. */
export function startJob({ installation, worker }: Launcher, init: JobInit, io: EngineIo): JobProcess {
  let ready = false;
  let fed: Promise<void> | undefined;
  const child = runChild({
    name: "node-av",
    command: process.execPath,
    args: [worker],
    // Where Node is inside Electron, it is told to be Node. SVT-AV1 would tell its life.
    env: { ELECTRON_RUN_AS_NODE: "1", NODE_OPTIONS: "", SVT_LOG: "1" },
    stdin: true,
    onLine(line) {
      child.alive();
      if (ready) init.onLine?.(line);
      else {
        ready = true;
        if (io.input === undefined) child.endInput();
        else {
          fed = feed(child, io.input);
          // What the input threw is why the job ends.
          fed.catch((error: unknown) => child.stop(asAvError(error)));
        }
      }
    },
    signal: io.signal,
    ...io.limits,
    background: io.background === true,
  });
  void child.write(encodeJob({ kind: init.kind, task: init.task, library: installation.library }));
  const done = outcome(child, init.what, () => fed);
  // Whoever reads the output gets to it later.
  done.catch(() => {});
  return {
    stdout: child.stdout,
    stop: () => child.stop(new AvError("aborted", "nobody wants more of it")),
    done,
  };
}

async function outcome(child: Child, what: string, fed: () => Promise<void> | undefined): Promise<Ended> {
  const end = await child.done;
  await fed();
  const said = readOutcome(end.stderr);
  if (said?.t === "done") return { ...said, stderr: end.stderr };
  if (said?.t === "unavailable") throw new Unavailable(said.message);
  if (said?.t === "failure") throw new AvError(said.code, said.message);
  if (said?.t === "ffmpeg") {
    // What FFmpeg's libraries logged before, and the error's own words: what its programs would have printed.
    const logged = end.stderr.trimEnd().split("\n").slice(0, -1).join("\n");
    throw explain({ ...end, stderr: `${logged}\n${said.message}` }, what);
  }
  throw died(end, what);
}

function asAvError(error: unknown): AvError {
  if (error instanceof AvError) return error;
  return new AvError("failed", error instanceof Error ? error.message : String(error), { cause: error });
}

/** It ended without a word of its own: a crash in native code, for one. */
function died({ code, signal, stderr }: ChildEnd, what: string): AvError {
  const words = lastLine(stderr);
  const rest = words === "" ? "" : ` (${words})`;
  if (signal !== null) return new AvError("corrupt", `${what}: node-av died of ${signal}${rest}`);
  return new AvError("failed", `${what}: node-av ended with code ${code}${rest}`);
}

function lastLine(stderr: string): string {
  const lines = stderr.replace(/[^\P{Cc}\n]/gu, " ").split("\n");
  return (lines.findLast((line) => line.trim() !== "") ?? "").trim().slice(0, 200);
}

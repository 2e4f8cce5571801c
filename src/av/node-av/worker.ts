import { readSync, writeSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { AvError } from "../error.js";
import type { ConvertTask, FramesTask, ImageTask, ProbeTask } from "../task.js";
import { convert } from "./native/convert.js";
import { Failure } from "./native/failure.js";
import { imageOf } from "./native/image.js";
import { createTools, type Tools } from "./native/input.js";
import { type Library, LOG_ERROR } from "./native/library.js";
import { picturesOf } from "./native/pictures.js";
import { probe } from "./native/probe.js";
import { type Done, type Outcome, pictureHead, readJob } from "./wire.js";

// The file that a process with node-av in it runs: one job, then the end (`wire.ts` has what it reads and writes).
//
// FFmpeg is C code that reads what strangers send. Here it may crash, hang or take all memory: this process is killed,
// and the one that serves viewers sees an error.

const INPUT = 0;
const OUTPUT = 1;
const LINES = 3;
const OUTCOME = 2;
const BUSY_WAIT_MS = 1;
/** Where the kernel does not end us with our parent (not Linux, or no setpriv). */
const PARENT_EVERY_MS = 1_000;

const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, "SIGKILL");
}, PARENT_EVERY_MS).unref();

try {
  const job = readJob(readExactly);
  const tools = await load(String(job.library));
  line({ t: "ready" });
  end({ t: "done", ...(await run(job, tools)) });
} catch (error) {
  end(outcomeOf(error));
}

function outcomeOf(error: unknown): Outcome {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof Failure && error.code === undefined) return { t: "ffmpeg", message };
  // What opens a source refuses some before FFmpeg sees them.
  const typed = error instanceof Failure || error instanceof AvError;
  return { t: "failure", code: (typed ? error.code : undefined) ?? "failed", message };
}

async function run({ kind, task }: Record<string, unknown>, tools: Tools): Promise<Done> {
  switch (kind) {
    case "hello":
      write(Buffer.from(JSON.stringify({ ffmpeg: tools.library.getFFmpegInfo().version })));
      break;
    case "probe":
      write(Buffer.from(JSON.stringify(await probe(tools, task as ProbeTask))));
      break;
    case "frames":
      for await (const picture of picturesOf(tools, task as FramesTask)) {
        write(pictureHead(picture));
        write(picture.data);
      }
      break;
    case "image": {
      const image = task as ImageTask;
      write(imageOf(tools, image, readExactly(image.width * image.height * 4)));
      break;
    }
    case "convert":
      return convert(tools, task as ConvertTask, line);
    default:
      throw new Failure("unsupported", `a job of the kind ${kind} is not known`);
  }
  return { durationUs: 0, bytes: 0 };
}

/** node-av as the user installed it; what keeps it from loading is said in its own words. */
async function load(file: string): Promise<Tools> {
  let library: Library;
  try {
    library = (await import(pathToFileURL(file).href)) as Library;
  } catch (error) {
    end({ t: "unavailable", message: error instanceof Error ? error.message : String(error) });
  }
  library.Log.setLevel(LOG_ERROR);
  return createTools(library);
}

/** Blocks until so many bytes have come: what follows them stays in the pipe, for FFmpeg to read. */
function readExactly(bytes: number): Uint8Array {
  const read = Buffer.alloc(bytes);
  for (let at = 0; at < bytes; ) {
    const count = patiently(() => readSync(INPUT, read, at, bytes - at, null));
    if (count === 0) throw new Failure("failed", "the job ends too early");
    at += count;
  }
  return read;
}

/** Blocks while nobody reads: that holds the work back, and nothing has to be queued. */
function write(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    at += patiently(() => writeSync(OUTPUT, bytes, at, bytes.length - at));
  }
}

function line(message: object): void {
  try {
    writeSync(LINES, `${JSON.stringify(message)}\n`);
  } catch {
    // Nobody listens, or not fast enough: the next line says more.
  }
}

/** A pipe blocks, unless who made it had other plans. */
function patiently(transfer: () => number): number {
  for (;;) {
    try {
      return transfer();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BUSY_WAIT_MS);
    }
  }
}

/** Says how it ended, and ends: what is still open in native code is the kernel's to free. */
function end(outcome: Outcome): never {
  try {
    writeSync(OUTCOME, `\n${JSON.stringify(outcome)}\n`);
  } catch {
    // Nobody is there to hear it.
  }
  process.exit(outcome.t === "done" ? 0 : 1);
}

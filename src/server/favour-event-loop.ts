import { readdirSync } from "node:fs";
import { getPriority, setPriority } from "node:os";

const THREADS = "/proc/self/task";
/** On Linux's scale a tenth of the share of a thread that is not put back. */
const BACK = 10;
const LOWEST = 19;

/**
 * Has what V8 and libuv do beside the event loop, collecting garbage, compiling, reading files, give way to it. On a core
 * that they share, as in a container with one, V8's four threads else take four fifths of it while they mark: rounds of
 * handing out were held up by up to 90 ms.
 *
 * For a process that is all ours: in another's it is not for us to say. Only Linux has priorities of threads.
 */
export function favourEventLoop(): void {
  if (process.platform !== "linux") return;
  const priority = Math.min(getPriority() + BACK, LOWEST);
  for (const thread of readThreads()) {
    try {
      if (thread !== process.pid) setPriority(thread, priority);
    } catch {
      // It has ended.
    }
  }
}

function readThreads(): readonly number[] {
  try {
    return readdirSync(THREADS).map(Number);
  } catch {
    return [];
  }
}

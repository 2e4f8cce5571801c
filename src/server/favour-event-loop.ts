import { readdirSync } from "node:fs";
import { constants, setPriority } from "node:os";

const THREADS = "/proc/self/task";

/**
 * Has what V8 and libuv do beside the event loop, collecting garbage, compiling, reading files, give way to it. On a core
 * that they share, as in a container with one, V8's four threads else take four fifths of it while they mark: rounds of
 * handing out were held up by up to 90 ms.
 *
 * For a process that is all ours: in another's it is not for us to say. Only Linux has priorities of threads.
 */
export function favourEventLoop(): void {
  if (process.platform !== "linux") return;
  for (const thread of readThreads()) {
    try {
      if (thread !== process.pid) setPriority(thread, constants.priority.PRIORITY_BELOW_NORMAL);
    } catch {
      // It has ended, or has a lower one already.
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

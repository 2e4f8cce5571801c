import type { Scheduler } from "../../hub/scheduler.js";

/** Node's timers take no more than a signed 32-bit number of milliseconds, and fire at once above it. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Time on Node.
 *
 * @param keepAlive whether a timer keeps the process alive; a server's do not, its sockets do
 */
export function createNodeScheduler(keepAlive = false): Scheduler {
  return {
    now: () => Math.floor(performance.now() * 1000),
    wall: () => Date.now() * 1000,
    // The check phase follows the poll phase: by then all sockets that had something to read have been read.
    defer: (task) => {
      setImmediate(task);
    },
    after(ms, task) {
      const timer = setTimeout(task, Math.min(ms, MAX_TIMER_MS));
      if (!keepAlive) timer.unref();
      return () => clearTimeout(timer);
    },
    every(ms, task) {
      const timer = setInterval(task, Math.min(ms, MAX_TIMER_MS));
      if (!keepAlive) timer.unref();
      return () => clearInterval(timer);
    },
  };
}

import type { Scheduler } from "../../hub/scheduler.js";

const SECOND_MICROS = 1_000_000;

/** Runs a task at once, or leaves it out if one has run within the last second: for log lines that a peer can cause. */
export function createOnceASecond(scheduler: Scheduler): (task: () => void) => void {
  let last: number | undefined;
  return (task) => {
    const now = scheduler.now();
    if (last !== undefined && now - last < SECOND_MICROS) return;
    last = now;
    task();
  };
}

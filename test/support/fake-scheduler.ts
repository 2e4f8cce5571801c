import type { Scheduler } from "../../src/hub/scheduler.js";

/** Time that passes when a test says so. */
export interface FakeScheduler extends Scheduler {
  /** Runs what was deferred so far: the end of a turn. */
  turn(): void;
  /** Ends the turn, lets milliseconds pass and runs what falls due, in order, each timer in a turn of its own. */
  advance(ms: number): void;
  /** Work that takes so long, microseconds: what falls due meanwhile runs later. */
  spend(micros: number): void;
  /** Tasks that are still to run, recurring ones included. */
  readonly pending: number;
}

/** @param epoch what the wall clock shows at the start, microseconds */
export function createFakeScheduler(epoch = 1_700_000_000_000_000): FakeScheduler {
  let now = 0;
  let deferred: (() => void)[] = [];
  const timers = new Set<{ at: number; every: number | undefined; task: () => void }>();

  const turn = (): void => {
    const tasks = deferred;
    deferred = [];
    for (const task of tasks) task();
  };
  const add = (ms: number, every: number | undefined, task: () => void): (() => void) => {
    const timer = { at: now + ms * 1000, every, task };
    timers.add(timer);
    return () => {
      timers.delete(timer);
    };
  };
  return {
    now: () => now,
    wall: () => epoch + now,
    defer: (task) => {
      deferred.push(task);
    },
    after: (ms, task) => add(ms, undefined, task),
    every: (ms, task) => add(ms, ms * 1000, task),
    turn,
    advance(ms) {
      const end = now + ms * 1000;
      turn();
      for (;;) {
        let next: { at: number; every: number | undefined; task: () => void } | undefined;
        for (const timer of timers)
          if (timer.at <= end && (next === undefined || timer.at < next.at)) next = timer;
        if (next === undefined) break;
        now = Math.max(now, next.at);
        if (next.every === undefined) timers.delete(next);
        else next.at += next.every;
        next.task();
        turn();
      }
      now = Math.max(now, end);
    },
    spend(micros) {
      now += micros;
    },
    get pending() {
      return timers.size + deferred.length;
    },
  };
}

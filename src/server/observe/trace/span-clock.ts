import type { Scheduler } from "../../../hub/scheduler.js";

/** How coarse the wall clock is, microseconds: it counts milliseconds. */
const TICK_MICROS = 1000;

/**
 * The wall clock in microseconds. Node tells it in milliseconds, which is longer than a handshake takes: what lies
 * between them is the other clock's, and where the system's time is set anew this follows.
 */
export function createSpanClock({ now, wall }: Pick<Scheduler, "now" | "wall">): () => number {
  let offset = wall() - now();
  return () => {
    const told = wall();
    const at = offset + now();
    const earliest = Math.min(Math.max(at, told), told + TICK_MICROS - 1);
    offset += earliest - at;
    return earliest;
  };
}

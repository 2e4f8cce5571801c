import type { ByteQueue } from "./queue.js";

/** Reads what comes in slices, step by step. */
export interface Steps {
  /** Takes a slice, which is only borrowed. @throws what a step throws; from then on, the same again */
  push(slice: Uint8Array, receivedAt: number): void;
  /** @throws what a step has thrown */
  check(): void;
}

/**
 * @param queue where slices go, and steps take from
 * @param step goes on by one thing; false where that has not come whole
 */
export function createSteps(queue: ByteQueue, step: (receivedAt: number) => boolean): Steps {
  let failed = false;
  let failure: unknown;
  const check = (): void => {
    // After what could not be read nothing lies where it should.
    if (failed) throw failure;
  };
  return {
    check,
    push(slice, receivedAt) {
      check();
      queue.push(slice);
      try {
        while (step(receivedAt));
      } catch (error) {
        failed = true;
        failure = error;
        queue.clear();
        throw error;
      }
      queue.keep();
    },
  };
}

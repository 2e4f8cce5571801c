const FIRST_MS = 250;
const LIMIT_MS = 10_000;

/**
 * How long to wait before the next attempt, milliseconds: doubling from 250 ms to 10 s, the later half of it by chance,
 * so that a thousand players do not return at the same moment.
 *
 * @param attempt 0 for the first after a connection that worked
 * @param random a number from 0 up to 1
 */
export function backoffMs(attempt: number, random: number): number {
  const whole = Math.min(LIMIT_MS, FIRST_MS * 2 ** Math.min(attempt, 16));
  return whole / 2 + (whole / 2) * random;
}

/** Settles after this long, or as soon as the signal fires; leaves neither timer nor listener. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    if (signal.aborted) done();
    else signal.addEventListener("abort", done);
  });
}

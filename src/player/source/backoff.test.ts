import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { backoffMs, pause } from "./backoff.js";

describe("backoffMs", () => {
  it("doubles from 250 ms to 10 s", () => {
    const longest = [0, 1, 2, 3, 4, 5, 6, 7].map((attempt) => backoffMs(attempt, 1));
    expect(longest).toEqual([250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
    expect(backoffMs(100_000, 1)).toBe(10_000);
  });

  it("leaves half of it to chance", () => {
    expect(backoffMs(2, 0)).toBe(500);
    expect(backoffMs(2, 0.5)).toBe(750);
  });
});

describe("pause", () => {
  it("settles by itself, or with the signal, and leaves no listener", async () => {
    const { signal } = new AbortController();
    await pause(1, signal);
    expect(getEventListeners(signal, "abort")).toHaveLength(0);

    const stop = new AbortController();
    const paused = pause(1_000_000, stop.signal);
    stop.abort();
    await paused;
    await pause(1_000_000, stop.signal);
    expect(getEventListeners(stop.signal, "abort")).toHaveLength(0);
  });
});

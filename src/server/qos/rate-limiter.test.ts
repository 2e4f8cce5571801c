import { describe, expect, it } from "vitest";
import { RateLimiter } from "./rate-limiter.js";

const SECOND = 1_000_000;

describe("RateLimiter", () => {
  it("lets a burst pass, then as many as time has earned, each key for itself", () => {
    const limiter = new RateLimiter({ perSecond: 2, burst: 3, maxKeys: 10 });
    const passed = (count: number, now: number): number =>
      Array.from({ length: count }, () => limiter.take("a", now)).filter(Boolean).length;
    expect(passed(10, 0)).toBe(3);
    expect(passed(10, SECOND / 4)).toBe(0);
    expect(passed(10, SECOND / 2)).toBe(1);
    expect(passed(10, 60 * SECOND)).toBe(3);
    expect(limiter.take("b", 60 * SECOND)).toBe(true);
  });

  it("charges for what was worse than it looked, never below nothing", () => {
    const limiter = new RateLimiter({ perSecond: 1, burst: 10, maxKeys: 10 });
    expect(limiter.take("a", 0)).toBe(true);
    limiter.charge("a", 100, 0);
    expect(limiter.take("a", 0)).toBe(false);
    expect(limiter.take("a", SECOND)).toBe(true);
  });

  it("remembers a bounded number of keys, and nobody who is as good as new", () => {
    const limiter = new RateLimiter({ perSecond: 1, burst: 2, maxKeys: 100 });
    for (let i = 0; i < 10_000; i++) limiter.take(`key ${i}`, i);
    expect(limiter.size).toBe(100);
    // Whom it still knows is held to what he has used.
    limiter.take("key 9999", 10_000);
    expect(limiter.take("key 9999", 10_000)).toBe(false);
    limiter.sweep(SECOND / 2);
    expect(limiter.size).toBe(100);
    limiter.sweep(10 * SECOND);
    expect(limiter.size).toBe(0);
  });
});

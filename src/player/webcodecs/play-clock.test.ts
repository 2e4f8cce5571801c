import { describe, expect, it } from "vitest";
import { PlayClock } from "./play-clock.js";

const arrivals = (base: number, jitterMs = 10, burst = false) => ({ base, jitterMs, burst });

describe("PlayClock", () => {
  it("stands still before anything has come, then stays the target behind the edge", () => {
    const clock = new PlayClock(100);
    expect(clock.at(5000)).toBeUndefined();
    clock.adjust(arrivals(1000), 5000);
    expect(clock.at(5000)).toBe(3900);
    expect(clock.at(5500)).toBe(4400);
  });

  it("follows the edge at once while the cached media pours in", () => {
    const clock = new PlayClock(100);
    clock.adjust(arrivals(5000, 10, true), 5000);
    clock.adjust(arrivals(3000, 10, true), 5010);
    expect(clock.at(5010)).toBe(5010 - 3100);
    expect(clock.jumps).toBe(0);
  });

  it("glides to another target no faster than 1.1 times, and gives way slower than that", () => {
    const clock = new PlayClock(undefined);
    clock.adjust(arrivals(1000, 10), 5000);
    const near = clock.targetMs;
    for (let now = 5020; now <= 7000; now += 20) {
      const before = clock.at(now - 20) as number;
      clock.adjust(arrivals(1000, 60), now);
      expect((clock.at(now) as number) - before).toBeGreaterThanOrEqual(20 * 0.95 - 1e-6);
    }
    expect(clock.delayMs).toBeCloseTo(near + 50, -1);
    for (let now = 7020; now <= 9000; now += 20) {
      clock.adjust(arrivals(1000, 10), now);
      expect(clock.rate).toBeLessThanOrEqual(1.1 + 1e-6);
    }
    expect(clock.delayMs).toBeCloseTo(near, -1);
    expect(clock.jumps).toBe(0);
  });

  it("jumps where the edge has moved far", () => {
    const clock = new PlayClock(100);
    clock.adjust(arrivals(1000), 5000);
    clock.adjust(arrivals(3000), 7020);
    expect(clock.at(7020)).toBe(7020 - 3100);
    expect(clock.jumps).toBe(1);
  });
});

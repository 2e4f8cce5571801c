import { describe, expect, it } from "vitest";
import { backAfter, usualOf } from "./recovery.js";
import type { Shown } from "./watch.js";

function shown(until: number, age: (at: number) => number, target: (at: number) => number): Shown[] {
  const pictures: Shown[] = [];
  for (let at = 0; at < until; at += 40) pictures.push({ at, age: age(at), target: target(at), clock: at });
  return pictures;
}

describe("backAfter", () => {
  it("tells when the delay is what is aimed at, and when it is what it was", () => {
    const target = (at: number): number => (at < 4000 || at > 8000 ? 150 : 300);
    const age = (at: number): number => (at > 3000 && at < 5000 ? 2000 : target(at) + 50);
    const pictures = shown(12_000, age, target);
    const usual = usualOf(pictures.filter(({ at }) => at < 3000));
    expect(usual).toEqual({ age: 200, excess: 50 });
    expect(backAfter(pictures, 4000, usual)).toEqual({ back: 1000, asBefore: 4040 });
  });

  it("does not call back what does not stay, or never comes", () => {
    const never = shown(
      10_000,
      (at) => (at > 3000 ? 900 : 200),
      () => 150,
    );
    expect(backAfter(never, 4000, { age: 200, excess: 50 }).back).toBeNaN();
    const last = shown(
      10_000,
      (at) => (at > 3000 && at < 9000 ? 900 : 200),
      () => 150,
    );
    expect(backAfter(last, 4000, { age: 200, excess: 50 }).back).toBeNaN();
    expect(backAfter([], 4000, { age: 200, excess: 50 }).back).toBeNaN();
  });
});

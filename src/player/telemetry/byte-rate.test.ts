import { expect, it } from "vitest";
import { ByteRate } from "./byte-rate.js";

it("measures over its window, and not before a quarter of it", () => {
  const rate = new ByteRate(2000, 0);
  for (let at = 0; at <= 400; at += 100) rate.add(1000, at);
  expect(rate.bitsPerSecond(400)).toBe(0);
  for (let at = 500; at <= 10_000; at += 100) rate.add(1000, at);
  expect(rate.bitsPerSecond(10_000)).toBeCloseTo(80_000);
  expect(rate.total).toBe(101_000);
});

it("falls to nothing when nothing comes, and begins anew", () => {
  const rate = new ByteRate(2000, 0);
  rate.add(100_000, 1000);
  expect(rate.bitsPerSecond(2000)).toBeCloseTo(400_000);
  expect(rate.bitsPerSecond(3001)).toBe(0);
  rate.restart(10_000);
  rate.add(1000, 10_500);
  expect(rate.bitsPerSecond(11_000)).toBeCloseTo(8000);
});

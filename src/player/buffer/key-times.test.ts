import { expect, it } from "vitest";
import { KeyTimes } from "./key-times.js";

it("cuts just before the latest key frame at or before a time, and nowhere else", () => {
  const keys = new KeyTimes();
  expect(keys.cutBefore(100)).toBe(0);
  for (const at of [0, 2, 4, 6]) keys.add(at);
  expect(keys.cutBefore(1.9)).toBe(0);
  expect(keys.cutBefore(2)).toBeCloseTo(1.995);
  expect(keys.cutBefore(5.9)).toBeCloseTo(3.995);
  expect(keys.cutBefore(100)).toBeCloseTo(5.995);
  keys.clear();
  expect(keys.cutBefore(100)).toBe(0);
});

it("holds no more than it needs", () => {
  const keys = new KeyTimes();
  for (let at = 1; at <= 5000; at++) keys.add(at);
  expect(keys.cutBefore(10)).toBe(0);
  expect(keys.cutBefore(4999.5)).toBeCloseTo(4998.995);
});

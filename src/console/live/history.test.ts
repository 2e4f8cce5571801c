import { expect, it } from "vitest";
import { HISTORY_SECONDS, History } from "./history.js";

const sample = (figures: Record<string, number | null>): Map<string, { a: number | null }> =>
  new Map(Object.entries(figures).map(([id, a]) => [id, { a }]));

it("keeps lines as long as the times, whenever a thing came", () => {
  const history = new History(["a"]);
  history.add(1, sample({ x: 10 }));
  history.add(2, sample({ x: 20, y: null }));
  history.add(3, sample({ x: 30, y: 5 }));
  expect(history.times).toEqual([1, 2, 3]);
  expect(history.line("x", "a")).toEqual([10, 20, 30]);
  expect(history.line("y", "a")).toEqual([null, null, 5]);
  expect(history.line("z", "a")).toEqual([]);
});

it("forgets what has gone, and begins anew with what comes back", () => {
  const history = new History(["a"]);
  history.add(1, sample({ x: 1 }));
  history.add(2, sample({}));
  expect(history.line("x", "a")).toEqual([]);
  history.add(3, sample({ x: 3 }));
  expect(history.line("x", "a")).toEqual([null, null, 3]);
});

it("is bounded in time, and leaves out what is not later", () => {
  const history = new History(["a"]);
  for (let time = 0; time < 3 * HISTORY_SECONDS; time++) history.add(time, sample({ x: time }));
  expect(history.times.length).toBe(HISTORY_SECONDS);
  expect(history.line("x", "a")).toEqual([...history.times]);
  history.add(5, sample({ x: 5 }));
  expect(history.times.at(-1)).toBe(3 * HISTORY_SECONDS - 1);
  // A pause longer than all that is kept.
  history.add(10_000, sample({ x: 1 }));
  expect(history.times).toEqual([10_000]);
  history.clear();
  expect(history.times).toEqual([]);
});

import { expect, it } from "vitest";
import { createFakeScheduler } from "../../../test/support/fake-scheduler.js";
import { createOnceASecond } from "./once-a-second.js";

it("runs the first task, then one a second at most, however many there are", () => {
  const scheduler = createFakeScheduler();
  const onceASecond = createOnceASecond(scheduler);
  const ran: number[] = [];
  for (let ms = 0; ms <= 2500; ms += 100) {
    onceASecond(() => ran.push(ms));
    onceASecond(() => ran.push(ms));
    scheduler.advance(100);
  }
  expect(ran).toEqual([0, 1000, 2000]);
  scheduler.advance(60_000);
  onceASecond(() => ran.push(60_000));
  expect(ran).toEqual([0, 1000, 2000, 60_000]);
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHex } from "./bytes.js";
import { ByteQueue } from "./queue.js";

describe("ByteQueue", () => {
  it("gives views of a slice that holds enough, without copying", () => {
    const slice = fromHex("010203");
    const queue = new ByteQueue();
    queue.push(slice);
    const view = queue.take(2);
    expect(view).toEqual(fromHex("0102"));
    expect(view?.buffer).toBe(slice.buffer);
    expect(queue.length).toBe(1);
    expect(queue.peek(1)).toEqual(fromHex("03"));
    expect(queue.peek(2)).toBeUndefined();
    expect(queue.take(2)).toBeUndefined();
    expect(queue.take(0)).toEqual(new Uint8Array(0));
    expect(queue.length).toBe(1);
  });

  it("owns what it keeps", () => {
    const slice = fromHex("010203");
    const queue = new ByteQueue();
    queue.push(slice);
    queue.take(1);
    queue.keep();
    slice.fill(0xff);
    expect(queue.take(2)).toEqual(fromHex("0203"));
  });

  it("joins slices", () => {
    const queue = new ByteQueue();
    const slice = fromHex("0102");
    queue.push(slice);
    queue.push(fromHex("0304"));
    slice.fill(0xff);
    queue.push(new Uint8Array(0));
    expect(queue.take(4)).toEqual(fromHex("01020304"));
    expect(queue.length).toBe(0);
    queue.keep();
    queue.push(fromHex("05"));
    expect(queue.take(1)).toEqual(fromHex("05"));
  });

  it("skips as far as there is something, and clears", () => {
    const queue = new ByteQueue();
    expect(queue.skip(5)).toBe(0);
    queue.push(fromHex("010203"));
    expect(queue.skip(1)).toBe(1);
    expect(queue.skip(5)).toBe(2);
    queue.push(fromHex("0405"));
    queue.clear();
    expect(queue.length).toBe(0);
    expect(queue.peek(1)).toBeUndefined();
  });

  it("gives the same bytes whatever the slices, and whatever becomes of them", () => {
    const step = fc.oneof(
      fc.record({ push: fc.uint8Array({ maxLength: 50 }) }),
      fc.record({ take: fc.integer({ min: 0, max: 60 }) }),
      fc.record({ skip: fc.integer({ min: 0, max: 60 }) }),
      fc.constant({ keep: true }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const queue = new ByteQueue();
        let model: number[] = [];
        let borrowed: Uint8Array[] = [];
        for (const action of steps) {
          if ("push" in action) {
            const slice = action.push.slice();
            model.push(...slice);
            borrowed.push(slice);
            queue.push(slice);
          } else if ("take" in action) {
            const taken = queue.take(action.take);
            if (action.take > model.length) expect(taken).toBeUndefined();
            else expect([...(taken as Uint8Array)]).toEqual(model.splice(0, action.take));
          } else if ("skip" in action) {
            expect(queue.skip(action.skip)).toBe(Math.min(action.skip, model.length));
            model = model.slice(action.skip);
          } else {
            queue.keep();
            for (const slice of borrowed) slice.fill(0xee);
            borrowed = [];
          }
          expect(queue.length).toBe(model.length);
        }
        expect([...(queue.take(queue.length) as Uint8Array)]).toEqual(model);
      }),
      { seed: 4, numRuns: 500 },
    );
  });

  it("holds no more than about twice what is in it, however small the slices", () => {
    const queue = new ByteQueue();
    for (let i = 0; i < 100_000; i++) {
      queue.push(Uint8Array.of(i & 255));
      queue.keep();
      if (queue.length === 1000) queue.take(999);
    }
    const view = queue.peek(queue.length) as Uint8Array;
    expect(view.buffer.byteLength).toBeLessThanOrEqual(4000);
  });
});

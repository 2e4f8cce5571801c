import fc from "fast-check";
import { expect, it } from "vitest";
import { BoundedMap } from "./bounded-map.js";

const MAX = 8;

it("forgets what was put in first, as a list would, whatever is put in and taken out", () => {
  const step = fc.record({ key: fc.integer({ min: 0, max: 30 }).map(String), remove: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const map = new BoundedMap<number>(MAX);
      let model: [string, number][] = [];
      for (const [value, { key, remove }] of steps.entries()) {
        const known = model.find(([name]) => name === key);
        if (remove) {
          map.delete(key);
          model = model.filter((entry) => entry !== known);
        } else {
          map.set(key, value);
          if (known !== undefined) known[1] = value;
          else model = [...model.slice(model.length < MAX ? 0 : 1), [key, value]];
        }
        expect([...map]).toEqual(model);
        expect(map.size).toBe(model.length);
        expect(map.get(key)).toBe(remove ? undefined : value);
      }
    }),
  );
});

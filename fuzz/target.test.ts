import { describe, expect, it } from "vitest";
import { MediaError } from "../src/media/model/error.js";
import { allowMediaError, caseSeed, createRandom } from "./target.js";

describe("Random", () => {
  it("gives the same choices for the same seed", () => {
    const a = createRandom(7);
    const b = createRandom(7);
    const input = a.bytes(300);
    expect(b.bytes(300)).toEqual(input);
    for (let i = 0; i < 200; i++) expect(a.mutate(input)).toEqual(b.mutate(input));
  });

  it("keeps int, pick and bytes in range", () => {
    const random = createRandom(1);
    const seen = new Set<number>();
    for (let i = 0; i < 1000; i++) seen.add(random.int(5));
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4]);
    expect(random.pick(["only"])).toBe("only");
    expect(() => random.pick([])).toThrow(TypeError);
  });

  it("damages a copy, never its input, and takes empty input", () => {
    const random = createRandom(2);
    const input = Uint8Array.from({ length: 64 }, (_, i) => i);
    const before = input.slice();
    let changed = 0;
    for (let i = 0; i < 500; i++) if (Buffer.compare(random.mutate(input), before) !== 0) changed++;
    expect(input).toEqual(before);
    expect(changed).toBeGreaterThan(400);
    for (let i = 0; i < 500; i++) random.mutate(new Uint8Array(0));
  });

  it("cuts slices that add up to the input", () => {
    const random = createRandom(3);
    for (let i = 0; i < 100; i++) {
      const input = random.bytes(random.int(2000));
      expect(Buffer.concat(random.slices(input)).equals(input)).toBe(true);
    }
  });
});

it("gives every case its own seed", () => {
  const seeds = new Set<number>();
  for (let index = 0; index < 20_000; index++) seeds.add(caseSeed(1, index));
  expect(seeds.size).toBeGreaterThan(19_990);
});

it("lets only MediaError pass", () => {
  allowMediaError(() => {
    throw new MediaError("malformed", "as expected");
  });
  expect(() =>
    allowMediaError(() => {
      throw new RangeError("a finding");
    }),
  ).toThrow(RangeError);
});

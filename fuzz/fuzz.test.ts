import { describe, expect, it } from "vitest";
import { loadTarget, targetNames } from "./discover.js";
import { makeCase } from "./target.js";

const CASES = 1000;
const SEED = 20_261_122;

describe("1,000 seeded cases per parser", () => {
  it("finds targets", () => {
    expect(targetNames()).not.toEqual([]);
  });

  it.each(targetNames())("%s", { timeout: 60_000 }, async (name) => {
    const target = await loadTarget(name);
    for (let index = 0; index < CASES; index++) {
      const { bytes, random } = makeCase(target, SEED, index);
      try {
        target.run(bytes, random);
      } catch (error) {
        const reproduce = `npm run fuzz -- --target ${name} --seed ${SEED} --case ${index}`;
        throw new Error(`not a MediaError; reproduce: ${reproduce}`, { cause: error });
      }
    }
  });
});

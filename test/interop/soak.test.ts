import { expect, it } from "vitest";
import { figuresTable } from "../soak/figures.js";
import { soak } from "../soak/soak.js";

const LIMIT_MS = 300_000;

/** A tenth of `npm run soak`. */
it(
  "1,000 viewers and 100 publishers come and go, and the server is as it was",
  async () => {
    const { before, after, counts, problems } = await soak({ viewers: 1_000, publishers: 100, width: 50 });
    console.log(figuresTable(before, after));
    expect(problems).toEqual([]);
    expect(counts).toEqual({ publish: 100, unpublish: 100, play: 1_000, stop: 1_000 });
  },
  LIMIT_MS,
);

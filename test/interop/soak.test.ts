import { expect, it } from "vitest";
import { figuresTable } from "../soak/figures.js";
import { soak } from "../soak/soak.js";

const LIMIT_MS = 300_000;

/** A twenty-fifth of `npm run soak`: every kind of viewer leaves in every manner thirty times, and none may leave a handle. */
it(
  "400 viewers and 40 publishers come and go, and the server is as it was",
  async () => {
    const { before, after, counts, problems } = await soak({ viewers: 400, publishers: 40, width: 50 });
    console.log(figuresTable(before, after));
    expect(problems).toEqual([]);
    expect(counts).toEqual({ publish: 40, unpublish: 40, play: 400, stop: 400 });
  },
  LIMIT_MS,
);

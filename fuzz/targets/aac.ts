import { fromHex } from "../../src/media/bytes/bytes.js";
import { isAdts, isLoas, readAacConfig } from "../../src/media/codec/aac.js";
import { allowMediaError, type FuzzTarget } from "../target.js";

/** LC, HE-AAC explicit and backward compatible, and program config elements. */
const SEEDS = [
  "1210",
  "118856e500",
  "2b920800",
  "eb8a0800",
  "138856e5a54880",
  "118004c4010020000d4c61766335392e33372e31303056e500",
  "118004c848002000c4400d4c61766335392e33372e31303056e500",
  "fff15080037ffc214c6c",
  "56e004214c6cfe",
].map(fromHex);

export const target: FuzzTarget = {
  name: "aac",
  cases: (random) => (random.chance(0.1) ? random.bytes(random.int(40)) : random.mutate(random.pick(SEEDS))),
  run(bytes) {
    allowMediaError(() => readAacConfig(bytes));
    isAdts(bytes);
    isLoas(bytes);
  },
};

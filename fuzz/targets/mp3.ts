import { fromHex } from "../../src/media/bytes/bytes.js";
import { readMp3Header } from "../../src/media/codec/mp3.js";
import { allowMediaError, type FuzzTarget } from "../target.js";

/** Frame headers of each version and layer. */
const SEEDS = ["fffb9064", "fff380c4", "ffe340c4", "fffda404", "ffffc200", "fffb0064"].map(fromHex);

export const target: FuzzTarget = {
  name: "mp3",
  cases: (random) => (random.chance(0.3) ? random.bytes(random.int(6)) : random.mutate(random.pick(SEEDS))),
  run(bytes) {
    allowMediaError(() => readMp3Header(bytes));
  },
};

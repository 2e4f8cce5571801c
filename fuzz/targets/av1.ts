import { fromHex } from "../../src/media/bytes/bytes.js";
import { av1SequenceOf, isAv1Key, readAv1Config, splitObus } from "../../src/media/codec/av1.js";
import { parseAv1Sequence } from "../../src/media/codec/av1-sequence.js";
import { allowMediaError, type FuzzTarget } from "../target.js";

/** av1C records of libaom, SVT-AV1 and rav1e, and temporal units. */
const SEEDS = [
  "81010c000a0b0000000cc4ff6736be4010",
  "81014c000a0e0000000cc4ff6736be5424402410",
  "811f0c000a0e000000fa1e83e2210a88101010a0",
  "814068000a0b400000043cffbcdaf96220",
  "81000c000a071821e7f66d8040",
  "1200 0a0b0000002d4cffb3cfbf9004 3204 100085a0",
  "1200 2e088101aabb 36000210 00 1a01d8",
].map(fromHex);

export const target: FuzzTarget = {
  name: "av1",
  cases: (random) => (random.chance(0.05) ? random.bytes(random.int(60)) : random.mutate(random.pick(SEEDS))),
  run(bytes) {
    allowMediaError(() => readAv1Config(bytes));
    allowMediaError(() => av1SequenceOf(bytes));
    allowMediaError(() => parseAv1Sequence(bytes.subarray(6)));
    allowMediaError(() => splitObus(bytes));
    allowMediaError(() => isAv1Key(bytes));
  },
};

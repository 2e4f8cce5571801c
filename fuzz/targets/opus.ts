import { fromHex } from "../../src/media/bytes/bytes.js";
import {
  dopsOf,
  isOpusTags,
  opusHeadOf,
  opusPacketDuration,
  readOpusConfig,
} from "../../src/media/codec/opus.js";
import { allowMediaError, type FuzzTarget } from "../target.js";

/** OpusHead with and without a channel mapping, the same as dOps, and packets of codes 0 and 3. */
const SEEDS = [
  "4f707573486561640102380180bb0000000000",
  "4f707573486561640106380180bb00000000010402000401020305",
  "000201380000bb80000000",
  "000601380000bb80000001040200040102 0305",
  "fcb4065a",
  "fb86fd10b6b3",
].map(fromHex);

export const target: FuzzTarget = {
  name: "opus",
  cases: (random) => (random.chance(0.1) ? random.bytes(random.int(40)) : random.mutate(random.pick(SEEDS))),
  run(bytes) {
    allowMediaError(() => readOpusConfig(bytes));
    allowMediaError(() => dopsOf(bytes));
    allowMediaError(() => opusHeadOf(bytes));
    allowMediaError(() => opusPacketDuration(bytes));
    isOpusTags(bytes);
  },
};

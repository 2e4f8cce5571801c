import { fromHex } from "../../src/media/bytes/bytes.js";
import { isVp9Key, parseVp9Header, readVp9Config, splitVp9, vp9SizeOf } from "../../src/media/codec/vp9.js";
import { allowMediaError, type FuzzTarget } from "../target.js";

/** vpcC content, key frames of profiles 0 to 2, an inter frame and a superframe. */
const SEEDS = [
  "01000000000b820202020000",
  "000b820202020000",
  "824983420013f00b360638241c184a00",
  "a249834200027e0166c087048383094002126fe4",
  "92498342000a0805ab021c120e0c2c0006c86fb1",
  "86004092f121400000907f91e44e8e35",
  "824983420013f00b3606 86004092 c1 0a 04 c1",
  "824983420013f00b3606 86004092 c9 0a00 0400 c9",
].map(fromHex);

export const target: FuzzTarget = {
  name: "vp9",
  cases: (random) => (random.chance(0.05) ? random.bytes(random.int(60)) : random.mutate(random.pick(SEEDS))),
  run(bytes) {
    allowMediaError(() => readVp9Config(bytes));
    allowMediaError(() => isVp9Key(bytes));
    allowMediaError(() => vp9SizeOf(bytes));
    allowMediaError(() => {
      for (const frame of splitVp9(bytes)) parseVp9Header(frame);
    });
  },
};

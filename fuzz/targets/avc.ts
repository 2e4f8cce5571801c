import { fromHex } from "../../src/media/bytes/bytes.js";
import { avcConfigOf, isAvcKey, parseAvcRecord, readAvcConfig } from "../../src/media/codec/avc.js";
import { parseAvcSps } from "../../src/media/codec/avc-sps.js";
import { type NalLengthSize, splitNals } from "../../src/media/codec/nal.js";
import { allowMediaError, type FuzzTarget } from "../target.js";

/** avcC records that x264 wrote: progressive, interlaced, 4:2:2, HRD, scaling matrices, full VUI; and an access unit. */
const SEEDS = [
  "0164001fffe1001a6764001facd9405005bb0110000003001000000303c0f183196001000668ebe3cb22c0fdf8f800",
  "01640028ffe1001967640028acd94078044fde022000007d20001d4c03e2c5b2c001000668fba3cb22c0fdf8f800",
  "017a000dffe1001b677a000db6cd9414087e3f011000000300100000030320f142996001000668ebe3cb22c0fefafa00",
  "0164001effe100236764001eacd940a03db01100000303e90000bb80604000f424001e84e4c30078b16cb001000568ebecb22cfdf8f800",
  "0164000affe100186764000aacd942c4ec0440000003004000000783c489658001000768ebe3cb3002c0fdf8f800",
  "0164001fffe1001e6764001facd940b0127af04a5050105b70000003001000000640f183196001000668ebe3cb22c0fdf8f800",
  "00000002 09f0 00000005 0605ff0180 00000004 65888400 00000003 419a21",
].map(fromHex);

export const target: FuzzTarget = {
  name: "avc",
  cases: (random) => (random.chance(0.05) ? random.bytes(random.int(80)) : random.mutate(random.pick(SEEDS))),
  run(bytes, random) {
    allowMediaError(() => readAvcConfig(bytes));
    // Damage deep in the SPS, past a record that is whole.
    allowMediaError(() => parseAvcSps(bytes.subarray(8)));
    allowMediaError(() => {
      const { sps, pps } = parseAvcRecord(bytes);
      avcConfigOf(sps, pps);
    });
    const size = random.pick<NalLengthSize>([1, 2, 4]);
    allowMediaError(() => isAvcKey(bytes, size));
    allowMediaError(() => splitNals(bytes, size));
  },
};

import { fromHex } from "../../src/media/bytes/bytes.js";
import { createNutDemuxer } from "../../src/media/format/nut/demuxer.js";
import { type NutFrame, writeNut } from "../support/nut-writer.js";
import { allowMediaError, type FuzzTarget } from "../target.js";

const CODECS = {
  VP90: ["824983420013f00b360638241c184a00", "86004092f121400000907f91e44e8e35"],
  AV01: ["12000a0b0000000cc4ff6736be40103203100000", "12003203300000"],
  HEVC: ["00000001420101016000000300900000030000030000012601af09", "0000000102 01d008", "00000140010c01"],
} as const;
const FORMS = ["plain", "coded", "whole", "elided", "syncpoint"] as const;

export const target: FuzzTarget = {
  name: "nut",
  cases(random) {
    const fourCc = random.pick(["VP90", "AV01", "HEVC"] as const);
    let pts = 0;
    const frames: NutFrame[] = [];
    for (let i = random.int(8); i > 0; i--) {
      pts += random.int(100);
      const data = fromHex(random.pick(CODECS[fourCc]));
      frames.push({ pts, data: random.chance(0.3) ? random.mutate(data) : data, form: random.pick(FORMS) });
    }
    const bytes = writeNut({ fourCc, extradata: random.bytes(random.int(30)) }, frames);
    return random.chance(0.8) ? random.mutate(bytes) : bytes;
  },
  run(bytes, random) {
    let last = 0;
    const demuxer = createNutDemuxer({
      track() {},
      packet({ pts, dts }) {
        if (!Number.isSafeInteger(pts) || pts !== dts) throw new Error(`a packet at ${pts}`);
        last = pts;
      },
    });
    allowMediaError(() => {
      for (const slice of random.slices(bytes)) demuxer.push(slice, last);
      demuxer.end();
    });
  },
};

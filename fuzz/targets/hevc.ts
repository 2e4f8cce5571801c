import { fromHex } from "../../src/media/bytes/bytes.js";
import { isHevcKey, readHevcConfig } from "../../src/media/codec/hevc.js";
import { parseHevcSps, vpsFrameRate } from "../../src/media/codec/hevc-sps.js";
import { allowMediaError, type FuzzTarget } from "../target.js";

/** hvcC records that x265 wrote: plain, temporal layers, HRD, colour description. */
const RECORDS = [
  "0101600000009000000000005df000fcfdf8f800000f03a00001001840010c01ffff01600000030090000003000003005d959809a10001002b42010101600000030090000003000003005da00280802d165959a4932bc05a020000030002000003003210a2000100074401c172b46240",
  "0101600000009000000000003ff000fcfdf8f800001303a00001001d40010c02ffff01600000030090000003000003003f000095892b120480a10001002f42010201600000030090000003000003003f0000a0050201696595892b1324995e02d010000003001000000301e080a2000100074401c172b46240",
  "0101600000009000000000003ff000fcfdf8f800000f04a00001001840010c01ffff01600000030090000003000003003f959809a10001003542010101600000030090000003000003003fa00502016965959a4932bc05a0200000030020000030032c0292cbc001e848003d0910a2000100074401c172b4624027000100064e0181010f80",
  "01022000000090000000000078f000fcfdfafa00000f03a00001001840010c01ffff022000000300900000030000030078959809a10001002d420101022000000300900000030000030078a002ac80301d6d96566924caf106a1220120800001f480003a9804a2000100074401c172b46240",
].map(fromHex);
const ACCESS_UNIT = fromHex("00000002 4601 00000003 4e0180 00000004 2801af1d 00000004 0201d011");
/** Offsets of the VPS and the SPS in the first record. */
const VPS_AT = 28;
const SPS_AT = 57;

export const target: FuzzTarget = {
  name: "hevc",
  cases(random) {
    if (random.chance(0.05)) return random.bytes(random.int(120));
    return random.mutate(random.chance(0.1) ? ACCESS_UNIT : random.pick(RECORDS));
  },
  run(bytes, random) {
    allowMediaError(() => readHevcConfig(bytes));
    allowMediaError(() => vpsFrameRate(bytes.subarray(VPS_AT)));
    allowMediaError(() => parseHevcSps(bytes.subarray(SPS_AT)));
    allowMediaError(() => isHevcKey(bytes, random.pick([1, 2, 4] as const)));
  },
};

import { equalBytes } from "../../src/media/bytes/bytes.js";
import { decodeAmf3, encodeAmf3 } from "../../src/media/format/amf/amf3.js";
import type { FuzzTarget } from "../target.js";
import { allowMediaError } from "../target.js";
import { amfValue } from "./amf0.js";

export const target: FuzzTarget = {
  name: "amf3",
  cases(random) {
    const bytes = encodeAmf3(Array.from({ length: 1 + random.int(4) }, () => amfValue(random, 4)));
    return random.chance(0.9) ? random.mutate(bytes) : random.bytes(random.int(64));
  },
  run(bytes) {
    allowMediaError(() => {
      const written = encodeAmf3(decodeAmf3(bytes));
      if (!equalBytes(encodeAmf3(decodeAmf3(written)), written))
        throw new Error("written, read and written anew differ");
    });
  },
};

import { concatBytes, equalBytes } from "../../src/media/bytes/bytes.js";
import { decodeAmf0, encodeAmf0 } from "../../src/media/format/amf/amf0.js";
import type { AmfValue } from "../../src/media/format/amf/value.js";
import type { FuzzTarget, Random } from "../target.js";
import { allowMediaError } from "../target.js";

export const target: FuzzTarget = {
  name: "amf0",
  cases(random) {
    const values = Array.from({ length: 1 + random.int(4) }, () => amfValue(random, 4));
    const parts = [encodeAmf0(values)];
    // References and an ECMA array, which the encoder does not write.
    if (random.chance(0.3)) parts.push(Uint8Array.of(7, 0, random.int(4)));
    if (random.chance(0.3)) parts.push(Uint8Array.of(8, 0, 0, 0, random.int(3), 0, 1, 97, 7, 0, 0, 0, 0, 9));
    const bytes = concatBytes(parts);
    return random.chance(0.9) ? random.mutate(bytes) : random.bytes(random.int(64));
  },
  run(bytes) {
    allowMediaError(() => {
      const written = encodeAmf0(decodeAmf0(bytes));
      if (!equalBytes(encodeAmf0(decodeAmf0(written)), written))
        throw new Error("written, read and written anew differ");
    });
  },
};

/** A value of any kind, at most so deep. */
export function amfValue(random: Random, depth: number): AmfValue {
  const kind = random.int(depth > 0 ? 10 : 8);
  if (kind === 0) return random.int(1_000_000) - 500_000;
  if (kind === 1) return random.int(1_000_000) / 7;
  if (kind === 2) return random.chance(0.5);
  if (kind === 3) return random.pick(["", "connect", "app", "é漢🎥", "x".repeat(random.int(300))]);
  if (kind === 4) return null;
  if (kind === 5) return undefined;
  if (kind === 6) return new Date(random.int(2 ** 31));
  if (kind === 7) return random.bytes(random.int(20));
  const elements = Array.from({ length: random.int(5) }, () => amfValue(random, depth - 1));
  if (kind === 8) return elements;
  const names = ["app", "tcUrl", "__proto__", "constructor", "长"];
  return Object.fromEntries(elements.map((element, i) => [names[i] as string, element]));
}

import { MediaError } from "../src/media/model/error.js";

/** A parser under fuzzing. One file each in `fuzz/targets/`, exported as `target`. */
export interface FuzzTarget {
  /** As given to `--target`; the file's name without `.ts`. */
  readonly name: string;
  /** Makes one input: mostly a valid one, built in code and mutated; now and then noise. */
  cases(random: Random): Uint8Array;
  /**
   * Feeds the input to the parser. A MediaError is the right answer to bad bytes (see `allowMediaError`);
   * anything else that is thrown is a finding, as are hangs and memory that stays.
   */
  run(bytes: Uint8Array, random: Random): void;
}

/** A seeded source of choices: the same seed gives the same case on every machine. */
export interface Random {
  /** An integer in [0, n). */
  int(n: number): number;
  /** True with probability p. */
  chance(p: number): boolean;
  /** n random bytes. */
  bytes(n: number): Uint8Array;
  /** One element of a non-empty list. */
  pick<T>(list: readonly T[]): T;
  /** The bytes with one to eight random damages; the input stays as it is. */
  mutate(bytes: Uint8Array): Uint8Array;
  /** The bytes cut at random places: what a socket may deliver, single bytes and empty slices included. */
  slices(bytes: Uint8Array): Uint8Array[];
}

/** The case's own seed, so that any case runs alone. */
export function caseSeed(seed: number, index: number): number {
  // Two rounds of an integer hash (murmur3's finalizer): neighbouring indices share nothing.
  let h = (Math.imul(index + 1, 0x9e3779b1) ^ seed) >>> 0;
  for (let round = 0; round < 2; round++) {
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    h = (h ^ (h >>> 16)) >>> 0;
  }
  return h;
}

/** Makes the input of case `index`, without running it. */
export function makeCase(
  target: FuzzTarget,
  seed: number,
  index: number,
): { bytes: Uint8Array; random: Random } {
  const random = createRandom(caseSeed(seed, index));
  return { bytes: target.cases(random), random };
}

/** Calls `parse` and swallows a MediaError; everything else goes on as a finding. */
export function allowMediaError(parse: () => void): void {
  try {
    parse();
  } catch (error) {
    if (!(error instanceof MediaError)) throw error;
  }
}

export function createRandom(seed: number): Random {
  const next = mulberry32(seed);
  const int = (n: number): number => Math.floor(next() * n);
  const random: Random = {
    int,
    chance: (p) => next() < p,
    bytes: (n) => {
      const bytes = new Uint8Array(n);
      for (let i = 0; i < n; i++) bytes[i] = int(256);
      return bytes;
    },
    pick: <T>(list: readonly T[]): T => {
      if (list.length === 0) throw new TypeError("list must not be empty");
      return list[int(list.length)] as T;
    },
    mutate: (bytes) => {
      let result: Uint8Array = bytes.slice();
      // Few damages get deep into a parser, many reach odd states: mostly few.
      const damages = 1 + int(random.chance(0.75) ? 2 : 8);
      for (let i = 0; i < damages; i++) result = random.pick(DAMAGES)(result, random);
      return result;
    },
    slices: (bytes) => {
      const slices: Uint8Array[] = [];
      const longest = random.pick([1, 3, 16, 200, 5000]);
      for (let at = 0; at < bytes.length; ) {
        const end = Math.min(bytes.length, at + int(longest + 1));
        slices.push(bytes.subarray(at, end));
        at = end;
      }
      return slices;
    },
  };
  return random;
}

/** Tommy Ettinger's mulberry32: 32 bits of state, good enough for choices and quick. Floats in [0, 1). */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 0x100000000;
  };
}

type Damage = (bytes: Uint8Array, random: Random) => Uint8Array;

/** Damages may write to the bytes they get: mutate hands them its copy. */
const DAMAGES: readonly Damage[] = [
  flipBit,
  flipBit,
  overwriteByte,
  attackLength,
  attackLength,
  attackLength,
  truncate,
  insertNoise,
  duplicateRange,
  removeRange,
  swapRanges,
];

function flipBit(bytes: Uint8Array, random: Random): Uint8Array {
  if (bytes.length === 0) return bytes;
  const at = random.int(bytes.length);
  bytes[at] = (bytes[at] as number) ^ (1 << random.int(8));
  return bytes;
}

function overwriteByte(bytes: Uint8Array, random: Random): Uint8Array {
  if (bytes.length > 0) bytes[random.int(bytes.length)] = random.pick([0, 1, 0x7f, 0x80, 0xfe, 0xff]);
  return bytes;
}

/** Writes what a length or count field must survive: zero, the largest, signed edges, just past the end. */
function attackLength(bytes: Uint8Array, random: Random): Uint8Array {
  const width = random.pick([1, 2, 3, 4, 4, 6]);
  if (bytes.length < width) return bytes;
  // Headers carry most length fields and sit in front of what they measure.
  const range = random.chance(0.5) ? Math.min(64, bytes.length - width + 1) : bytes.length - width + 1;
  const at = random.int(range);
  const left = bytes.length - at - width;
  const top = 2 ** (8 * width);
  const value = random.pick([
    0,
    1,
    left - 1,
    left,
    left + 1,
    bytes.length,
    top / 2 - 1,
    top / 2,
    top - 1,
    top - 2,
  ]);
  const littleEndian = random.chance(0.2);
  let rest = Math.max(0, value);
  for (let i = 0; i < width; i++) {
    bytes[littleEndian ? at + i : at + width - 1 - i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return bytes;
}

function truncate(bytes: Uint8Array, random: Random): Uint8Array {
  return bytes.slice(0, random.int(bytes.length + 1));
}

function insertNoise(bytes: Uint8Array, random: Random): Uint8Array {
  const noise = random.chance(0.5) ? random.bytes(1 + random.int(16)) : new Uint8Array(1 + random.int(16));
  return splice(bytes, random.int(bytes.length + 1), 0, noise);
}

function duplicateRange(bytes: Uint8Array, random: Random): Uint8Array {
  const [at, length] = range(bytes, random);
  return splice(bytes, random.int(bytes.length + 1), 0, bytes.slice(at, at + length));
}

function removeRange(bytes: Uint8Array, random: Random): Uint8Array {
  const [at, length] = range(bytes, random);
  return splice(bytes, at, length, new Uint8Array(0));
}

function swapRanges(bytes: Uint8Array, random: Random): Uint8Array {
  const [at, length] = range(bytes, random);
  const to = random.int(bytes.length - length + 1);
  const moved = bytes.slice(at, at + length);
  bytes.copyWithin(at, to, to + length);
  bytes.set(moved, to);
  return bytes;
}

/** A range of at most 256 bytes, so that repeated damage cannot blow an input up. */
function range(bytes: Uint8Array, random: Random): [at: number, length: number] {
  const at = random.int(bytes.length + 1);
  return [at, random.int(Math.min(256, bytes.length - at) + 1)];
}

function splice(bytes: Uint8Array, at: number, remove: number, insert: Uint8Array): Uint8Array {
  const result = new Uint8Array(bytes.length - remove + insert.length);
  result.set(bytes.subarray(0, at));
  result.set(insert, at);
  result.set(bytes.subarray(at + remove), at + insert.length);
  return result;
}

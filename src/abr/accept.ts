import { readNumber, readQuoted, readToken, type Scanner, skipMember, skipSpace, take } from "./scan.js";

/** One media range of an `Accept` header (RFC 9110 section 12.5.1). */
export interface MediaRange {
  /** In lower case; `*` for any. */
  readonly type: string;
  readonly subtype: string;
  /** What the `codecs` parameter lists (RFC 6381 section 3.2); undefined where there is none. */
  readonly codecs: readonly string[] | undefined;
  /** From 0, not acceptable, to 1. */
  readonly weight: number;
}

const MAX_RANGES = 32;
const MAX_PARAMETERS = 8;
const MAX_CODECS = 16;

/** The media ranges, in their order. A member that is not in the grammar is left out, and those after it are read. */
export function parseAccept(text: string): readonly MediaRange[] {
  const scanner: Scanner = { text, at: 0 };
  const ranges: MediaRange[] = [];
  while (scanner.at < text.length && ranges.length < MAX_RANGES) {
    skipSpace(scanner);
    const range = readRange(scanner);
    skipSpace(scanner);
    if (range !== undefined && (scanner.at === text.length || text[scanner.at] === ",")) ranges.push(range);
    skipMember(scanner);
    take(scanner, ",");
  }
  return ranges;
}

/** A list of codecs, such as `avc1.64001f, mp4a.40.2`. */
export function splitCodecs(list: string): readonly string[] {
  const codecs = list.split(",", MAX_CODECS).map((codec) => codec.trim());
  return codecs.filter((codec) => codec !== "");
}

function readRange(scanner: Scanner): MediaRange | undefined {
  const type = readToken(scanner)?.toLowerCase();
  if (type === undefined || !take(scanner, "/")) return undefined;
  const subtype = readToken(scanner)?.toLowerCase();
  if (subtype === undefined || (type === "*" && subtype !== "*")) return undefined;
  let codecs: readonly string[] | undefined;
  let weight = 1;
  for (let count = 0; ; count++) {
    skipSpace(scanner);
    if (!take(scanner, ";")) return { type, subtype, codecs, weight };
    skipSpace(scanner);
    const name = readToken(scanner)?.toLowerCase();
    // A semicolon with nothing behind it is allowed (section 5.6.6).
    if (name === undefined) continue;
    if (count >= MAX_PARAMETERS || !take(scanner, "=")) return undefined;
    const quoted = scanner.text[scanner.at] === '"';
    const value = quoted ? readQuoted(scanner) : readToken(scanner);
    if (value === undefined) return undefined;
    if (name === "codecs") codecs = splitCodecs(value);
    else if (name === "q") {
      const given = quoted ? undefined : readWeight(value);
      if (given === undefined) return undefined;
      weight = given;
    }
  }
}

/** `0`, `0.5`, `1.000`: at most three digits behind the dot, and no more than 1 (section 12.4.2). */
function readWeight(text: string): number | undefined {
  // Unlike other numbers, the grammar has `0.` and `1.` too.
  const weight = readNumber(text.length === 2 && text.endsWith(".") ? text.slice(0, 1) : text);
  if (weight === undefined || weight > 1 || text.length > 5) return undefined;
  return text[1] === "." || text.length === 1 ? weight : undefined;
}

// ffprobe's values: text, and "N/A" or nothing where it does not know.

const MAX_TAGS = 64;
const MAX_TAG_LENGTH = 1_024;

/** Seconds as text, such as `12.345000`, to microseconds without a detour through fractions. */
export function micros(seconds: string | undefined): number | undefined {
  const match = /^(-?)(\d+)(?:\.(\d{1,6})\d*)?$/.exec(seconds ?? "");
  if (match === null) return undefined;
  const [, sign, whole, fraction = ""] = match;
  const value = Number(whole) * 1_000_000 + Number(fraction.padEnd(6, "0"));
  if (!Number.isSafeInteger(value)) return undefined;
  // Not -0.
  return sign === "-" && value !== 0 ? -value : value;
}

export function whole(text: string | undefined): number | undefined {
  const value = Number(text ?? "x");
  return Number.isSafeInteger(value) && value > 0 ? value : undefined;
}

/** `30000/1001`, to five digits after the point: 29.97003. */
export function fraction(text: string | undefined): number | undefined {
  const value = quotient(text, "/");
  return value === undefined || value <= 0 ? undefined : Math.round(value * 100_000) / 100_000;
}

/** `4:3`; undefined for `0:1`, which is unknown. */
export function ratio(text: string | undefined): number | undefined {
  const value = quotient(text, ":");
  return value === undefined || value <= 0 ? undefined : value;
}

function quotient(text: string | undefined, sign: string): number | undefined {
  const [top = "", bottom = ""] = (text ?? "").split(sign, 2);
  const value = Number(top) / Number(bottom);
  return top === "" || bottom === "" || !Number.isFinite(value) ? undefined : value;
}

/** A chromaticity or luminance: a fraction that may be 0. */
export function measure(text: string | undefined): number | undefined {
  return quotient(text, "/");
}

/** So many of a file's tags, of so many characters. */
export function bounded(tags: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(tags)
      .slice(0, MAX_TAGS)
      .map(([name, value]) => [name.slice(0, MAX_TAG_LENGTH), String(value).slice(0, MAX_TAG_LENGTH)]),
  );
}

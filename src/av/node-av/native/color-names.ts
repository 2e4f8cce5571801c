// FFmpeg's names of the code points of ITU-T H.273 (libavutil/pixdesc.c); the library does not tell them.

export const PRIMARIES: Readonly<Record<number, string>> = {
  1: "bt709",
  4: "bt470m",
  5: "bt470bg",
  6: "smpte170m",
  7: "smpte240m",
  8: "film",
  9: "bt2020",
  10: "smpte428",
  11: "smpte431",
  12: "smpte432",
  22: "ebu3213",
};

export const TRANSFER: Readonly<Record<number, string>> = {
  1: "bt709",
  4: "bt470m",
  5: "bt470bg",
  6: "smpte170m",
  7: "smpte240m",
  8: "linear",
  9: "log100",
  10: "log316",
  11: "iec61966-2-4",
  12: "bt1361e",
  13: "iec61966-2-1",
  14: "bt2020-10",
  15: "bt2020-12",
  16: "smpte2084",
  17: "smpte428",
  18: "arib-std-b67",
};

export const MATRIX: Readonly<Record<number, string>> = {
  0: "gbr",
  1: "bt709",
  4: "fcc",
  5: "bt470bg",
  6: "smpte170m",
  7: "smpte240m",
  8: "ycgco",
  9: "bt2020nc",
  10: "bt2020c",
  11: "smpte2085",
  12: "chroma-derived-nc",
  13: "chroma-derived-c",
  14: "ictcp",
};

export const RANGE: Readonly<Record<number, string>> = { 1: "tv", 2: "pc" };

/** An entry for what has a name; nothing for what is unspecified, reserved or new. */
export function nameOf<Key extends string>(
  key: Key,
  names: Readonly<Record<number, string>>,
  code: number,
): { readonly [name in Key]?: string } {
  const name = names[code];
  return name === undefined ? {} : ({ [key]: name } as { readonly [name in Key]?: string });
}

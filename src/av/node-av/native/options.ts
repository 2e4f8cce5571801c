/** Options as FFmpeg's command line has them, such as `-c:v libx264 -crf 23`, for a library that takes them by name. */
export interface CommandOptions {
  /** By name, without the dash and the stream that they are for: `{ c: "libx264", crf: "23" }`. */
  readonly named: ReadonlyMap<string, string>;
  /** All but these, as the library takes them. */
  without(...names: readonly string[]): Record<string, string>;
}

/**
 * Reads options that come in pairs. What to ask of FFmpeg is written once, as its programs' arguments (`../../ffmpeg`);
 * the libraries have the same options by the same names.
 */
export function commandOptions(args: readonly string[]): CommandOptions {
  const named = new Map<string, string>();
  for (let index = 0; index + 1 < args.length; index += 2) {
    const name = (args[index] ?? "").replace(/^-/, "").replace(/:[vas]$/, "");
    named.set(name, args[index + 1] ?? "");
  }
  return {
    named,
    without: (...names) => Object.fromEntries([...named].filter(([name]) => !names.includes(name))),
  };
}

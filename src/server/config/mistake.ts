import { hideCredentials } from "./redact.js";

/** One thing wrong with the configuration. */
export interface Mistake {
  /** The key, variable or flag as it was written. */
  readonly name: string;
  /** Where it was written: `sluice.yaml:3`, `SLUICE_RTMP_PORT`, `--rtmp-port`. */
  readonly where: string;
  /** The value as it was written; undefined where there is none. */
  readonly value?: unknown;
  /** What is wrong and what is allowed. */
  readonly problem: string;
}

/** All that is wrong with a configuration, in one message. */
export class ConfigError extends Error {
  readonly mistakes: readonly Mistake[];

  constructor(mistakes: readonly Mistake[]) {
    const heading = mistakes.length === 1 ? "one mistake" : `${mistakes.length} mistakes`;
    super(
      `The configuration has ${heading}:\n${mistakes.map((mistake) => `  ${describe(mistake)}`).join("\n")}`,
    );
    this.name = "ConfigError";
    this.mistakes = mistakes;
  }
}

/** One mistake in one line: `rtmp.port = 70000 (sluice.yaml:3): must be …`. */
export function describe({ name, where, value, problem }: Mistake): string {
  const shown = value === undefined ? "" : ` = ${show(value)}`;
  const place = where === name || where === "" ? "" : ` (${where})`;
  return `${name}${shown}${place}: ${problem}`;
}

function show(value: unknown): string {
  const plain = typeof value === "function" ? "a function" : (JSON.stringify(value) ?? String(value));
  const text = hideCredentials(plain);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

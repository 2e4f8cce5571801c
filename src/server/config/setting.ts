import type { ConfigKey } from "./keys.js";
import type { Mistake } from "./mistake.js";

/** A value that a file, a variable or a flag gives to a key. */
export interface Setting {
  readonly key: ConfigKey;
  readonly value: unknown;
  /** For messages: `sluice.yaml:3`, `SLUICE_RTMP_PORT`, `--rtmp-port`. */
  readonly where: string;
}

/** What one source says. */
export interface SourceSettings {
  readonly settings: readonly Setting[];
  readonly mistakes: readonly Mistake[];
}

/** Text from a variable or a flag as the key's kind; what does not fit stays text, for the schema to refuse. */
export function fromText(key: ConfigKey, text: string): unknown {
  if (key.kind === "boolean") {
    if (text === "true" || text === "1") return true;
    if (text === "false" || text === "0") return false;
  }
  if (key.kind === "list") {
    try {
      return JSON.parse(text);
    } catch {
      return text;
    }
  }
  if (key.kind === "number" && /^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  return text;
}

import type { ConfigKey } from "./keys.js";
import type { Mistake } from "./mistake.js";
import { fromText, type Setting, type SourceSettings } from "./setting.js";
import { nearest } from "./suggest.js";

/** What the command line says, beside the settings: `--config FILE`. */
export interface FlagSettings extends SourceSettings {
  readonly file: string | undefined;
}

/**
 * Settings from flags named after their keys: `--rtmp-port 1936`, `--rtmp-port=1936`, and for booleans
 * `--flv-metadata-at-key` and `--no-flv-metadata-at-key`. A flag given twice counts as the last says.
 */
export function readFlags(argv: readonly string[], keys: readonly ConfigKey[]): FlagSettings {
  const settings: Setting[] = [];
  const mistakes: Mistake[] = [];
  let file: string | undefined;
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i]!;
    if (!argument.startsWith("--") || argument === "--") {
      mistakes.push({ name: argument, where: "", problem: "unexpected argument; settings are --key value" });
      continue;
    }
    const equals = argument.indexOf("=");
    const flag = equals < 0 ? argument : argument.slice(0, equals);
    const inline = equals < 0 ? undefined : argument.slice(equals + 1);
    const key = keys.find((candidate) => `--${candidate.flag}` === flag);
    if (key?.kind === "boolean") {
      // A boolean takes no next argument: `--flv-metadata-at-key` alone means yes.
      settings.push({ key, value: inline === undefined ? true : fromText(key, inline), where: flag });
      continue;
    }
    if (key !== undefined || flag === "--config") {
      const next = argv[i + 1];
      const value = inline ?? (next === undefined || next.startsWith("--") ? undefined : next);
      if (inline === undefined && value !== undefined) i += 1;
      if (value === undefined || value === "") {
        const allowed = key?.allowed ?? "the path of a YAML file";
        mistakes.push({ name: flag, where: flag, problem: `needs a value: ${allowed}` });
      } else if (key === undefined) file = value;
      else settings.push({ key, value: fromText(key, value), where: flag });
      continue;
    }
    const negated = keys.find(
      (candidate) => candidate.kind === "boolean" && `--no-${candidate.flag}` === flag,
    );
    if (negated !== undefined && inline === undefined) {
      settings.push({ key: negated, value: false, where: flag });
      continue;
    }
    mistakes.push({ name: flag, where: flag, problem: unknownFlag(flag, keys) });
    // Its value, if that is what follows, is no mistake of its own.
    if (inline === undefined && argv[i + 1]?.startsWith("--") === false) i += 1;
  }
  return { settings, mistakes, file };
}

function unknownFlag(flag: string, keys: readonly ConfigKey[]): string {
  const flags = keys.flatMap((key) =>
    key.kind === "boolean" ? [`--${key.flag}`, `--no-${key.flag}`] : [`--${key.flag}`],
  );
  const meant = nearest(flag, [...flags, "--config", "--help"]);
  return meant === undefined ? "no such flag; see --help" : `no such flag; did you mean ${meant}?`;
}

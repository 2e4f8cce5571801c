import { readFileSync } from "node:fs";
import type { z } from "zod";
import { checkConfig, type RawConfig } from "./check.js";
import { FILE_VARIABLE, readEnvironment } from "./environment.js";
import { readYaml } from "./file.js";
import { readFlags } from "./flags.js";
import { type ConfigKey, configKeys, configSections } from "./keys.js";
import { ConfigError, type Mistake } from "./mistake.js";
import type { Setting } from "./setting.js";

/** Read when it is there and no other file is named. */
export const DEFAULT_FILE = "sluice.yaml";

export interface LoadedConfig<T> {
  readonly options: T;
  /** The configuration file that was read, undefined where there was none. */
  readonly file: string | undefined;
}

/**
 * The configuration from all its sources: flags go before variables, variables before the file, the file before the
 * defaults.
 *
 * @param argv the arguments after the command
 * @throws ConfigError with every mistake in every source
 */
export function loadConfig<S extends z.ZodType>(
  schema: S,
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): LoadedConfig<z.output<S>> {
  const sections = configSections(schema);
  const keys = configKeys(sections);
  const flags = readFlags(argv, keys);
  const environment = readEnvironment(env, keys);
  const named = flags.file ?? (env[FILE_VARIABLE] === "" ? undefined : env[FILE_VARIABLE]);
  const text = readText(named, flags.file === undefined ? FILE_VARIABLE : "--config");
  const file = text === undefined ? undefined : (named ?? DEFAULT_FILE);
  const yaml = readYaml(text ?? "", file ?? DEFAULT_FILE, sections);

  const inForce = new Map<string, Setting>();
  for (const setting of [...yaml.settings, ...environment.settings, ...flags.settings]) {
    inForce.set(setting.key.name, setting);
  }
  const found: readonly Mistake[] = [...yaml.mistakes, ...environment.mistakes, ...flags.mistakes];
  const options = checkConfig(
    schema,
    assemble(inForce.values()),
    (name) => inForce.get(name)?.where ?? "",
    found,
  );
  return { options, file };
}

function readText(named: string | undefined, where: string): string | undefined {
  try {
    return readFileSync(named ?? DEFAULT_FILE, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (named === undefined && code === "ENOENT") return undefined;
    const problem = code === "ENOENT" ? "there is no such file" : `cannot be read: ${message}`;
    throw new ConfigError([{ name: named ?? DEFAULT_FILE, where, problem }]);
  }
}

/** Values in the schema's shape. Paths come from the schema, never from what somebody typed. */
function assemble(settings: Iterable<Setting>): RawConfig {
  const raw: RawConfig = {};
  for (const { key, value } of settings) {
    let section = raw;
    for (const part of key.path.slice(0, -1)) {
      section[part] ??= {};
      section = section[part] as RawConfig;
    }
    section[lastOf(key)] = value;
  }
  return raw;
}

function lastOf(key: ConfigKey): string {
  return key.path.at(-1) ?? key.name;
}

import type { z } from "zod";
import { type ConfigKey, configKeys, configSections } from "./keys.js";
import { ConfigError, describe, type Mistake } from "./mistake.js";
import { nearest } from "./suggest.js";

/** A plain object of settings, checked by nobody yet. */
export interface RawConfig {
  [name: string]: unknown;
}

/** What the schema says against the values, each with where it came from. */
export function findMistakes(
  schema: z.ZodType,
  raw: RawConfig,
  where: (name: string) => string,
): readonly Mistake[] {
  const checked = schema.safeParse(raw);
  if (checked.success) return [];
  const sections = configSections(schema);
  const keys = configKeys(sections);
  return checked.error.issues.flatMap((issue): Mistake[] => {
    const path = issue.path.map(String);
    const name = path.join(".");
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => {
        const full = [...path, key].join(".");
        return {
          name: full,
          where: where(full),
          value: valueAt(raw, [...path, key]),
          problem: unknownKey(full, keys),
        };
      });
    }
    const value = valueAt(raw, path);
    const key = keys.find((candidate) => candidate.name === name);
    const members = sections.find((section) => section.name === name)?.keys;
    let problem = issue.message;
    // What a list breaks it says itself, unless it is none.
    if (key !== undefined && (key.kind !== "list" || issue.code === "invalid_type"))
      problem = `must be ${key.allowed}`;
    else if (members !== undefined)
      problem = `is a section: ${members.map(({ path }) => path.at(-1)).join(", ")}`;
    // Of a list, the place is known of the whole.
    return [{ name, where: where(name) || where(path[0] ?? ""), value, problem }];
  });
}

/** `no such key`, and what was meant if that is plain. */
export function unknownKey(name: string, keys: readonly ConfigKey[]): string {
  const meant =
    nearest(
      name,
      keys.map((key) => key.name),
    ) ?? keys.find((key) => key.path.at(-1) === name)?.name;
  return meant === undefined ? "no such key" : `no such key; did you mean ${meant}?`;
}

/**
 * Options handed over in code, with the defaults filled in.
 *
 * @throws TypeError that names every option that is wrong, and what is allowed
 */
export function checkOptions<S extends z.ZodType>(schema: S, options: unknown): z.output<S> {
  const checked = schema.safeParse(options);
  if (checked.success) return checked.data;
  if (typeof options !== "object" || options === null) throw new TypeError("options: must be an object");
  const mistakes = findMistakes(schema, options as RawConfig, () => "");
  throw new TypeError(mistakes.map((mistake) => `options.${describe(mistake)}`).join("\n"));
}

/** @throws ConfigError with all mistakes, those found before included */
export function checkConfig<S extends z.ZodType>(
  schema: S,
  raw: RawConfig,
  where: (name: string) => string,
  found: readonly Mistake[],
): z.output<S> {
  const mistakes = [...found, ...findMistakes(schema, raw, where)];
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  return schema.parse(raw) as z.output<S>;
}

function valueAt(raw: RawConfig, path: readonly string[]): unknown {
  let value: unknown = raw;
  for (const part of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as RawConfig)[part];
  }
  return value;
}

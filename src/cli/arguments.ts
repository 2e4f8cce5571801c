import { nearest } from "../server/config/suggest.js";
import { CommandError, EXIT_USAGE } from "./terminal.js";

/** The options of a command: whether each takes a value. A short one is an alias: `"-n": "--count"`. */
export interface ArgumentSpec {
  readonly command: string;
  readonly values: readonly string[];
  readonly switches: readonly string[];
  readonly short: Readonly<Record<string, string>>;
}

export interface Arguments {
  /** What is no option, in order. After `--` everything is. */
  readonly places: readonly string[];
  /** The value of `--name`; the last where it stands more than once. */
  value(name: string): string | undefined;
  has(name: string): boolean;
}

/** @throws CommandError that names the argument, and the option that was meant */
export function readArguments(argv: readonly string[], spec: ArgumentSpec): Arguments {
  const places: string[] = [];
  const values = new Map<string, string>();
  const switches = new Set<string>();
  const rest = [...argv];
  for (let argument = rest.shift(); argument !== undefined; argument = rest.shift()) {
    if (argument === "--") {
      places.push(...rest.splice(0));
    } else if (!argument.startsWith("-") || argument === "-") {
      places.push(argument);
    } else {
      const equals = argument.startsWith("--") ? argument.indexOf("=") : -1;
      const typed = equals < 0 ? argument : argument.slice(0, equals);
      const name = Object.hasOwn(spec.short, typed) ? (spec.short[typed] ?? typed) : typed;
      if (spec.values.includes(name)) {
        const value = equals < 0 ? rest.shift() : argument.slice(equals + 1);
        if (value === undefined || value === "") throw usage(`${typed} needs a value`, spec);
        values.set(name, value);
      } else if (spec.switches.includes(name) && equals < 0) {
        switches.add(name);
      } else {
        const known = [...spec.values, ...spec.switches, ...Object.keys(spec.short), "--help"];
        const meant = nearest(typed, known);
        const hint = meant === undefined ? `see sluice ${spec.command} --help` : `did you mean ${meant}?`;
        throw new CommandError(`${typed}: no such option; ${hint}`, EXIT_USAGE);
      }
    }
  }
  return { places, value: (name) => values.get(name), has: (name) => switches.has(name) };
}

/** The two places of a command that makes one file of another. @throws CommandError for fewer or more */
export function inputAndOutput({ places }: Arguments, spec: ArgumentSpec): readonly [string, string] {
  const [input, output] = places;
  if (input === undefined || output === undefined || places.length > 2)
    throw usage("one INPUT and one OUTPUT are needed", spec);
  return [input, output];
}

/** A mistake in the command line. */
export function usage(problem: string, { command }: Pick<ArgumentSpec, "command">): CommandError {
  return new CommandError(`${problem}; see sluice ${command} --help`, EXIT_USAGE);
}

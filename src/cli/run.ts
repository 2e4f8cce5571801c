import { AvError } from "../av/error.js";
import { ConfigError } from "../server/config/mistake.js";
import { nearest } from "../server/config/suggest.js";
import { version } from "../server/version.js";
import { DEMO_HELP, FRAMES_HELP, HELP, PROBE_HELP, PULL_HELP, PUSH_HELP, SERVE_HELP } from "./help.js";
import { CAPTURE_HELP, CONCAT_HELP, CUT_HELP, REMUX_HELP, TRANSCODE_HELP } from "./media-help.js";
import { CommandError, EXIT_FAILURE, EXIT_OK, EXIT_USAGE, type Terminal } from "./terminal.js";

type Run = (argv: readonly string[], terminal: Terminal) => Promise<void>;

interface Command {
  readonly help: string;
  /** It takes all settings of the server. */
  readonly settings?: boolean;
  /** Loaded only where it is called for: the server's modules and its configuration's take half a second. */
  load(): Promise<Run>;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  serve: { help: SERVE_HELP, settings: true, load: async () => (await import("./serve.js")).serve },
  demo: { help: DEMO_HELP, settings: true, load: async () => (await import("./demo.js")).demo },
  push: { help: PUSH_HELP, load: async () => (await import("./push.js")).push },
  pull: { help: PULL_HELP, settings: true, load: async () => (await import("./pull.js")).pull },
  probe: { help: PROBE_HELP, load: async () => (await import("./probe.js")).probe },
  frames: { help: FRAMES_HELP, load: async () => (await import("./frames.js")).frames },
  remux: { help: REMUX_HELP, load: async () => (await import("./remux.js")).remux },
  cut: { help: CUT_HELP, load: async () => (await import("./cut.js")).cut },
  concat: { help: CONCAT_HELP, load: async () => (await import("./concat.js")).concat },
  capture: { help: CAPTURE_HELP, load: async () => (await import("./capture.js")).capture },
  transcode: { help: TRANSCODE_HELP, load: async () => (await import("./transcode.js")).transcode },
};

/**
 * Runs one command line.
 *
 * @param argv the arguments after `sluice`
 * @returns the exit code
 */
export async function run(argv: readonly string[], terminal: Terminal): Promise<number> {
  try {
    return await dispatch(argv, terminal);
  } catch (error) {
    if (error instanceof CommandError) {
      terminal.err(`sluice: ${error.message}\n`);
      return error.exitCode;
    }
    if (error instanceof AvError) {
      terminal.err(`sluice: ${error.message}\n`);
      return EXIT_FAILURE;
    }
    if (error instanceof ConfigError) {
      terminal.err(`sluice: ${error.message}\nAll settings: sluice serve --help\n`);
      return EXIT_USAGE;
    }
    // Nothing that we foresaw: here the stack is what helps.
    terminal.err(`sluice: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return EXIT_FAILURE;
  }
}

async function dispatch(argv: readonly string[], terminal: Terminal): Promise<number> {
  const [first, ...rest] = argv;
  if (first === undefined) {
    terminal.err(HELP);
    return EXIT_USAGE;
  }
  if (first === "--help" || first === "-h" || first === "help") {
    const command = first === "help" && rest[0] !== undefined ? commandOf(rest[0]) : undefined;
    terminal.out(command === undefined ? HELP : await helpOf(command));
    return EXIT_OK;
  }
  if (first === "--version" || first === "-v") {
    terminal.out(`${version()}\n`);
    return EXIT_OK;
  }
  const command = commandOf(first);
  if (rest.includes("--help") || rest.includes("-h")) {
    terminal.out(await helpOf(command));
    return EXIT_OK;
  }
  const run = await command.load();
  await run(rest, terminal);
  return EXIT_OK;
}

async function helpOf({ help, settings }: Command): Promise<string> {
  return settings === true ? `${help}\n${(await import("./settings-help.js")).settingsHelp()}` : help;
}

function commandOf(name: string): Command {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command !== undefined) return command;
  const names = Object.keys(COMMANDS);
  const meant = nearest(name, names);
  const hint = name.startsWith("-")
    ? "settings follow a command, as in: sluice serve --rtmp-port 1936"
    : meant === undefined
      ? `the commands are ${names.join(", ")}; see sluice --help`
      : `did you mean sluice ${meant}?`;
  throw new CommandError(`${name}: no such command; ${hint}`, EXIT_USAGE);
}

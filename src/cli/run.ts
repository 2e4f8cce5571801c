import { AvError } from "../av/error.js";
import { ConfigError } from "../server/config/mistake.js";
import { nearest } from "../server/config/suggest.js";
import { version } from "../server/version.js";
import { capture } from "./capture.js";
import { concat } from "./concat.js";
import { cut } from "./cut.js";
import { demo } from "./demo.js";
import { frames } from "./frames.js";
import {
  DEMO_HELP,
  FRAMES_HELP,
  HELP,
  PROBE_HELP,
  PULL_HELP,
  PUSH_HELP,
  SERVE_HELP,
  settingsHelp,
} from "./help.js";
import { CAPTURE_HELP, CONCAT_HELP, CUT_HELP, REMUX_HELP, TRANSCODE_HELP } from "./media-help.js";
import { probe } from "./probe.js";
import { pull } from "./pull.js";
import { push } from "./push.js";
import { remux } from "./remux.js";
import { serve } from "./serve.js";
import { CommandError, EXIT_FAILURE, EXIT_OK, EXIT_USAGE, type Terminal } from "./terminal.js";
import { transcode } from "./transcode.js";

interface Command {
  help(): string;
  run(argv: readonly string[], terminal: Terminal): Promise<void>;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  serve: { help: () => `${SERVE_HELP}\n${settingsHelp()}`, run: serve },
  demo: { help: () => `${DEMO_HELP}\n${settingsHelp()}`, run: demo },
  push: { help: () => PUSH_HELP, run: push },
  pull: { help: () => `${PULL_HELP}\n${settingsHelp()}`, run: pull },
  probe: { help: () => PROBE_HELP, run: probe },
  frames: { help: () => FRAMES_HELP, run: frames },
  remux: { help: () => REMUX_HELP, run: remux },
  cut: { help: () => CUT_HELP, run: cut },
  concat: { help: () => CONCAT_HELP, run: concat },
  capture: { help: () => CAPTURE_HELP, run: capture },
  transcode: { help: () => TRANSCODE_HELP, run: transcode },
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
    terminal.out(command === undefined ? HELP : command.help());
    return EXIT_OK;
  }
  if (first === "--version" || first === "-v") {
    terminal.out(`${version()}\n`);
    return EXIT_OK;
  }
  const command = commandOf(first);
  if (rest.includes("--help") || rest.includes("-h")) {
    terminal.out(command.help());
    return EXIT_OK;
  }
  await command.run(rest, terminal);
  return EXIT_OK;
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

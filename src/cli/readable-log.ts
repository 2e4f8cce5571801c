import type { Logger } from "../server/contract/logger.js";
import type { Terminal } from "./terminal.js";

const LEVELS = ["debug", "info", "warn", "error"] as const;
type Level = (typeof LEVELS)[number];

/** What a person wants to know of a session or stream; the rest is for machines. */
const SHOWN = [
  "protocol",
  "app",
  "name",
  "remoteAddress",
  "reason",
  "detail",
  "problem",
  "host",
  "port",
  "token",
];

/** What the printout above the log says already. */
const LEFT_OUT: ReadonlySet<string> = new Set(["listening", "closed"]);

/** A log for people: one short line each. */
export function createReadableLog(terminal: Terminal, lowest: Level | "silent"): Logger {
  const from = lowest === "silent" ? LEVELS.length : LEVELS.indexOf(lowest);
  const at =
    (level: Level) =>
    (fields: object, message: string): void => {
      if (LEVELS.indexOf(level) >= from && !LEFT_OUT.has(message))
        terminal.out(`${line(level, fields, message)}\n`);
    };
  const log: Logger = {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: () => log,
  };
  return log;
}

function line(level: Level, fields: object, message: string): string {
  const values = fields as Readonly<Record<string, unknown>>;
  const shown = SHOWN.filter((name) => values[name] !== undefined).map(
    (name) => `${name}=${String(values[name])}`,
  );
  const error = values.err instanceof Error ? `\n${values.err.stack ?? values.err.message}` : "";
  const time = new Date().toTimeString().slice(0, 8);
  return `${[time, ...(level === "info" ? [] : [level.toUpperCase()]), message, ...shown].join("  ")}${error}`;
}

import type { Logger } from "../contract/logger.js";
import type { LogLevel, WorkerPost } from "./messages.js";

const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** A logger whose lines the parent writes. @param level the lowest that somebody reads */
export function createForwardingLogger(
  level: LogLevel | "silent",
  post: (line: WorkerPost & { readonly kind: "log" }) => void,
): Logger {
  const lowest = level === "silent" ? LEVELS.length : LEVELS.indexOf(level);
  function loggerWith(common: object): Logger {
    const at =
      (of: LogLevel) =>
      (fields: object, message: string): void => {
        if (LEVELS.indexOf(of) < lowest) return;
        post({ kind: "log", level: of, fields: plain({ ...common, pid: process.pid, ...fields }), message });
      };
    return {
      debug: at("debug"),
      info: at("info"),
      warn: at("warn"),
      error: at("error"),
      child: (fields) => loggerWith({ ...common, ...fields }),
    };
  }
  return loggerWith({});
}

/** What can cross to another process: errors as errors, everything else as JSON would have it. */
function plain(fields: Readonly<Record<string, unknown>>): object {
  const shown = Object.entries(fields).map(([name, value]) => [name, crossing(value)]);
  return Object.fromEntries(shown);
}

function crossing(value: unknown): unknown {
  if (value instanceof Error) {
    const { name, message, stack, code } = value as NodeJS.ErrnoException;
    return Object.assign(new Error(message), { name, stack, ...(code !== undefined && { code }) });
  }
  if (typeof value === "function" || typeof value === "symbol") return String(value);
  if (typeof value !== "object" || value === null) return value;
  try {
    return JSON.parse(JSON.stringify(value));
  } catch {
    return String(value);
  }
}

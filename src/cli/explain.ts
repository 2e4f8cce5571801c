import { CommandError } from "./terminal.js";

interface Address {
  readonly host: string;
  readonly port: number;
}

/** The addresses that a configuration has us listen on. */
export interface Listening {
  readonly rtmp: Address;
  readonly http: Address;
  readonly ops: Address;
}

/** An error from `listen` as something to act on; others are given back as they are. */
export function explainListen(error: unknown, listening: Listening): unknown {
  if (!(error instanceof Error)) return error;
  const { code, port, address } = error as NodeJS.ErrnoException & { port?: number; address?: string };
  const section = (["http", "ops"] as const).find((name) => listening[name].port === port) ?? "rtmp";
  const other = { rtmp: 1936, http: 8081, ops: 9998 }[section];
  const variable = `SLUICE_${section.toUpperCase()}`;
  switch (code) {
    case "EADDRINUSE":
      return new CommandError(
        `port ${port} (${section}.port) is in use by another program. Stop that one, or choose another port:\n` +
          `  --${section}-port ${other}   or   ${variable}_PORT=${other}   or   in sluice.yaml: ${section}: { port: ${other} }\n` +
          `Port 0 picks a free one.`,
        undefined,
        { cause: error },
      );
    case "EACCES":
      return new CommandError(
        `not allowed to listen on port ${port} (${section}.port); ports below 1024 need a privilege. ` +
          `Choose another: --${section}-port ${other}`,
        undefined,
        { cause: error },
      );
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return new CommandError(
        `${address ?? listening[section].host} (${section}.host) is no address of this machine. ` +
          `Use one that is, or :: for all: --${section}-host ::`,
        undefined,
        { cause: error },
      );
    case "ERR_MODULE_NOT_FOUND":
      // An optional package; the message says which.
      return new CommandError(`${error.message}\nor start without: --otlp-endpoint off`, undefined, {
        cause: error,
      });
    default:
      return error;
  }
}

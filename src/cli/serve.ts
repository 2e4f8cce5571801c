import { pino } from "pino";
import { serverSchema } from "../server/app.js";
import { loadConfig } from "../server/config/load.js";
import { createServer, type Endpoints, type LiveServer } from "../server/index.js";
import { version } from "../server/version.js";
import { explainListen, type Listening } from "./explain.js";
import type { Terminal } from "./terminal.js";

/** `sluice serve`: until a signal, with JSON lines for machines on standard output. */
export async function serve(argv: readonly string[], terminal: Terminal): Promise<void> {
  const { options, file } = loadConfig(serverSchema, argv, terminal.env);
  const log = pino({ level: options.log.level, base: null }, { write: (line: string) => terminal.out(line) });
  const live = createServer({ ...options, logger: log });
  log.info({ config: file ?? null, version: version() }, "starting");
  await runUntilStopped(live, terminal, options);
}

/**
 * Listens until somebody asks it to stop, then closes the server in order.
 *
 * @param ready called once it listens, with what stops it
 */
export async function runUntilStopped(
  live: LiveServer,
  terminal: Terminal,
  listening: Listening,
  ready: (endpoints: Endpoints, stop: () => void) => void = () => {},
): Promise<void> {
  let stop = (): void => {};
  const asked = new Promise<void>((resolve) => {
    stop = resolve;
  });
  const forget = terminal.onStop(stop);
  try {
    ready(await live.listen(), stop);
    await asked;
  } catch (error) {
    throw explainListen(error, listening);
  } finally {
    // The second signal still ends it at once while this waits for viewers.
    await live.close();
    forget();
  }
}

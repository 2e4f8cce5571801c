import { AvError } from "../av/error.js";
import { probe as probeMedia } from "../av/probe.js";
import { readArguments, usage } from "./arguments.js";
import { mediaTable } from "./media-table.js";
import type { Terminal } from "./terminal.js";

const SPEC = { command: "probe", values: [], switches: ["--json"], short: {} } as const;

/** `sluice probe`: what is in a file or at an address. */
export async function probe(argv: readonly string[], terminal: Terminal): Promise<void> {
  const { places, has } = readArguments(argv, SPEC);
  const [input] = places;
  if (input === undefined || places.length > 1) throw usage("one INPUT is needed", SPEC);
  const stop = new AbortController();
  const forget = terminal.onStop(() => stop.abort(new AvError("aborted", "stopped")));
  try {
    const info = await probeMedia(input, { signal: stop.signal });
    terminal.out(has("--json") ? `${JSON.stringify(info, null, 2)}\n` : mediaTable(input, info));
  } finally {
    forget();
  }
}

import { pino } from "pino";
import { serverSchema } from "../server/app.js";
import { loadConfig } from "../server/config/load.js";
import { createServer } from "../server/index.js";
import { parseStreamKey } from "../server/net/stream-name.js";
import { parseRtspUrl } from "../server/protocol/rtsp/url.js";
import { version } from "../server/version.js";
import { runUntilStopped } from "./serve.js";
import { CommandError, EXIT_USAGE, type Terminal } from "./terminal.js";

/** `sluice pull`: the server of `sluice serve`, with one more source. */
export async function pull(argv: readonly string[], terminal: Terminal): Promise<void> {
  const { url, stream, transport, settings } = readArguments(argv);
  const { options, file } = loadConfig(serverSchema, settings, terminal.env);
  if (options.pull.some((other) => other.stream === stream)) {
    throw new CommandError(`${stream}: the configuration fetches this stream already`, EXIT_USAGE);
  }
  const log = pino({ level: options.log.level, base: null }, { write: (line: string) => terminal.out(line) });
  const live = createServer({
    ...options,
    pull: [...options.pull, { url, stream, transport }],
    logger: log,
  });
  log.info({ config: file ?? null, version: version() }, "starting");
  await runUntilStopped(live, terminal, options);
}

interface Arguments {
  readonly url: string;
  readonly stream: string;
  readonly transport: "tcp" | "udp";
  /** The settings of `sluice serve` among the arguments. */
  readonly settings: readonly string[];
}

/** The first two arguments are the places; what follows are options. */
function readArguments(argv: readonly string[]): Arguments {
  const [url, stream, ...rest] = argv;
  if (url === undefined || stream === undefined || url.startsWith("-") || stream.startsWith("-")) {
    throw new CommandError(
      "two arguments are needed, before any option: sluice pull URL APP/NAME, as in: sluice pull rtsp://camera/stream1 live/cam",
      EXIT_USAGE,
    );
  }
  let transport = "tcp";
  const settings: string[] = [];
  for (let i = 0; i < rest.length; i++) {
    const argument = rest[i] as string;
    if (argument === "--transport") transport = rest[++i] ?? "";
    else if (argument.startsWith("--transport=")) transport = argument.slice("--transport=".length);
    else settings.push(argument);
  }
  try {
    parseRtspUrl(url);
  } catch (error) {
    throw error instanceof TypeError ? new CommandError(error.message, EXIT_USAGE) : error;
  }
  if (parseStreamKey(stream) === undefined) {
    throw new CommandError(`${stream}: not an app and a stream name, such as live/cam`, EXIT_USAGE);
  }
  if (transport !== "tcp" && transport !== "udp") {
    throw new CommandError(`--transport ${transport}: must be tcp or udp`, EXIT_USAGE);
  }
  return { url, stream, transport, settings };
}

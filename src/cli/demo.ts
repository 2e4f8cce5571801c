import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { serverSchema } from "../server/app.js";
import { loadConfig } from "../server/config/load.js";
import { createServer, type Endpoints } from "../server/index.js";
import { version } from "../server/version.js";
import { createReadableLog } from "./readable-log.js";
import { runUntilStopped } from "./serve.js";
import { CommandError, type Terminal } from "./terminal.js";

/** Beside `dist` as beside `src`. */
const CLIP = fileURLToPath(new URL("../../assets/demo.flv", import.meta.url));
const STREAM = "live/demo";

/** `sluice demo`: the server with a stream of its own, and words for a person instead of a log. */
export async function demo(argv: readonly string[], terminal: Terminal): Promise<void> {
  const { options } = loadConfig(serverSchema, argv, terminal.env);
  if (!existsSync(CLIP)) throw new CommandError(`the demo clip is missing: ${CLIP}`);
  const live = createServer({ ...options, logger: createReadableLog(terminal, options.log.level) });
  const stop = new AbortController();
  let failure: unknown;
  await runUntilStopped(live, terminal, options, (endpoints, end) => {
    live.playFile(CLIP, STREAM, { loop: true, signal: stop.signal }).catch((error: unknown) => {
      failure = error;
      end();
    });
    terminal.out(welcome(endpoints));
  });
  stop.abort();
  if (failure !== undefined) throw failure;
  terminal.out("Stopped.\n");
}

/** Where to watch, and how to publish. */
export function welcome({ http, rtmp }: Endpoints): string {
  const web = `http://localhost${http?.port === 80 ? "" : `:${http?.port}`}`;
  const app = `rtmp://localhost${rtmp?.port === 1935 ? "" : `:${rtmp?.port}`}/live`;
  return `
Sluice ${version()} is on the air with a demo stream. Ctrl+C stops it.

  Watch      ${web}/
  HTTP-FLV   ${web}/${STREAM}.flv
  RTMP       ${app}/demo

Publish your own, and it appears on the page as well:

  FFmpeg     ffmpeg -re -i FILE -c:v libx264 -g 60 -c:a aac -f flv ${app}/mine
  OBS        Settings > Stream: Service "Custom...", Server ${app}, Stream Key mine
  FLV file   npx sluice push FILE.flv ${app}/mine --loop

`;
}

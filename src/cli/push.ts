import { MediaError } from "../media/model/error.js";
import type { Metadata } from "../media/model/packet.js";
import type { Track } from "../media/model/track.js";
import { nearest } from "../server/config/suggest.js";
import { createNodeScheduler } from "../server/net/node-scheduler.js";
import { type ReplaySink, replay } from "../server/protocol/file/replay.js";
import { openRtmpPush, type RtmpPush, RtmpPushError } from "../server/protocol/rtmp/push.js";
import { parseRtmpUrl, type RtmpUrl } from "../server/protocol/rtmp/url.js";
import { createProgress } from "./progress.js";
import { openSource } from "./source.js";
import { CommandError, EXIT_USAGE, type Terminal } from "./terminal.js";

/** `sluice push`: an FLV file or address to an RTMP server, in real time. */
export async function push(argv: readonly string[], terminal: Terminal): Promise<void> {
  const { source, url, loop } = readArguments(argv);
  const stop = new AbortController();
  const forget = terminal.onStop(() => stop.abort());
  const target = `${url.tcUrl}/${url.streamName.split("?", 1)[0]}`;
  const publication = createLazyPublication(url, stop.signal, () =>
    terminal.err(`Publishing ${source} to ${target}; Ctrl+C stops it.\n`),
  );
  const progress = createProgress(terminal, publication.bytesOut);
  try {
    await replay(() => openSource(source, stop.signal), progress.around(publication.sink), {
      loop,
      signal: stop.signal,
      scheduler: createNodeScheduler(true),
    });
    if (!publication.opened()) throw new CommandError(`${source}: no audio or video in it`);
  } catch (error) {
    progress.clear();
    if (!stop.signal.aborted) throw explain(error, source, target);
  } finally {
    progress.end();
    await publication.close();
    forget();
  }
  if (publication.opened()) terminal.err(`${progress.summary()}\n`);
}

interface Arguments {
  readonly source: string;
  readonly url: RtmpUrl;
  readonly loop: boolean;
}

function readArguments(argv: readonly string[]): Arguments {
  let loop = false;
  const places: string[] = [];
  for (const argument of argv) {
    if (argument === "--loop") loop = true;
    else if (argument.startsWith("-")) {
      const meant = nearest(argument, ["--loop", "--help"]);
      const hint = meant === undefined ? "see sluice push --help" : `did you mean ${meant}?`;
      throw new CommandError(`${argument}: no such option; ${hint}`, EXIT_USAGE);
    } else places.push(argument);
  }
  const [source, address] = places;
  if (source === undefined || address === undefined || places.length > 2) {
    const problem = places.length > 2 ? "too many arguments" : "two arguments are needed";
    throw new CommandError(
      `${problem}: sluice push SOURCE URL, as in: sluice push clip.flv rtmp://localhost/live/test`,
      EXIT_USAGE,
    );
  }
  try {
    return { source, url: parseRtmpUrl(address), loop };
  } catch (error) {
    throw error instanceof TypeError ? new CommandError(error.message, EXIT_USAGE) : error;
  }
}

/** Connects only once the source has shown that there is something to publish. */
function createLazyPublication(url: RtmpUrl, signal: AbortSignal, onOpen: () => void) {
  let metadata: Metadata | undefined;
  const tracks = new Map<number, Track>();
  let open: RtmpPush | undefined;
  const sink: ReplaySink = {
    describe(described) {
      metadata = described;
      open?.describe(described);
    },
    track(track) {
      tracks.set(track.id, track);
      open?.track(track);
    },
    async ready() {
      if (open === undefined) {
        open = await openRtmpPush(url, { signal });
        if (metadata !== undefined) open.describe(metadata);
        for (const track of tracks.values()) open.track(track);
        onOpen();
      }
      await open.ready();
    },
    write: (packet) => open?.write(packet),
  };
  return {
    sink,
    opened: (): boolean => open !== undefined,
    bytesOut: (): number => open?.bytesOut ?? 0,
    close: async (): Promise<void> => open?.close(),
  };
}

function explain(error: unknown, source: string, target: string): unknown {
  if (error instanceof MediaError) {
    const hint = "Convert it with: ffmpeg -i INPUT -c copy OUTPUT.flv";
    return new CommandError(`${source} is no FLV that we can read: ${error.message}\n${hint}`);
  }
  if (error instanceof RtmpPushError) return new CommandError(`${target}: ${error.message}`);
  return error;
}

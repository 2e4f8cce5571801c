import { once } from "node:events";
import { type Program, run } from "./program.js";

export interface GstRtspOptions {
  /** Paths and the pipelines behind them, in GStreamer's launch syntax. */
  readonly mounts: Readonly<Record<string, string>>;
  /** 0, which is the default, takes a free one. */
  readonly port?: number;
  readonly user?: string;
  readonly password?: string;
}

/** GStreamer's RTSP server. */
export interface GstRtsp {
  readonly port: number;
  readonly program: Program;
  /** @param path such as `/cam` */
  url(path: string, user?: string): string;
}

export async function startGstRtsp(options: GstRtspOptions): Promise<GstRtsp> {
  // Debian's own: another one first in PATH would not have its bindings.
  const program = run("/usr/bin/python3", ["test/support/gst-rtsp-server.py", JSON.stringify(options)]);
  const first = once(program.child.stdout as NonNullable<typeof program.child.stdout>, "data");
  // It ends when it cannot begin: then with its own words.
  const [line] = (await Promise.race([first, program.output])) as [string];
  const port = Number(line);
  return {
    port,
    program,
    url: (path, user) => `rtsp://${user === undefined ? "" : `${user}@`}127.0.0.1:${port}${path}`,
  };
}

/** An MP4 file with these payloaders for its picture and its sound. */
export function mp4Mount(file: string, video: string, audio: string): string {
  const source = `filesrc location=${file} ! qtdemux name=d`;
  return `( ${source} d.video_0 ! queue ! ${video} name=pay0 pt=96 d.audio_0 ! queue ! ${audio} name=pay1 pt=97 )`;
}

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { run } from "./program.js";

/** A folder of files for one test file, made by FFmpeg. */
export interface MediaFolder {
  readonly folder: string;
  /** @param name such as `a.mp4` */
  path(name: string): string;
  /** Makes a file: a moving picture and a tone of so many seconds, coded as told. */
  make(name: string, seconds: number, codecs: readonly string[], size?: string): Promise<string>;
  remove(): void;
}

/** H.264 with a key frame every second and B-frames, and AAC. */
export const H264_AAC = [
  ...["-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-bf", "2", "-pix_fmt", "yuv420p"],
  ...["-c:a", "aac", "-b:a", "64k"],
];

export function mediaFolder(): MediaFolder {
  const folder = mkdtempSync(path.join(tmpdir(), "sluice-av-"));
  const at = (name: string): string => path.join(folder, name);
  return {
    folder,
    path: at,
    async make(name, seconds, codecs, size = "320x180") {
      const picture = ["-f", "lavfi", "-i", `testsrc2=size=${size}:rate=25:duration=${seconds}`];
      const sound = ["-f", "lavfi", "-i", `sine=frequency=440:sample_rate=44100:duration=${seconds}`];
      await run("ffmpeg", ["-v", "error", "-y", ...picture, ...sound, ...codecs, `file:${at(name)}`]).output;
      return at(name);
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Programs of FFmpeg's that a process, this one by default, has started and that are not gone. Only on Linux. */
export function enginesLeft(ofProcess: number = process.pid): readonly string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
        const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        const program = stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")"));
        const ours = Number(parent) === ofProcess && /^(ffmpeg|ffprobe|setpriv)$/.test(program);
        return ours ? [`${program} ${pid} ${state}`] : [];
      } catch {
        return [];
      }
    });
}

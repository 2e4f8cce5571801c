import { mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import { run } from "./program.js";

// Clips whose pictures tell their own number: the left half of each is grey, and how bright says which it is; the right
// half is white. So a picture that was decoded, scaled, turned or encoded again still says which one it is.

export const WIDTH = 320;
export const HEIGHT = 180;
export const FPS = 25;
/** Of each clip, pictures. */
export const PICTURES = 100;
export const FRAME_US = 1_000_000 / FPS;
export const GROUP = 50;
const SECONDS = PICTURES / FPS;
/** The first picture's luma, and what each next adds. */
const FIRST_LUMA = 20;
const LUMA_STEP = 2;
const WHITE = 235;

export interface AvClips {
  readonly mp4: string;
  readonly flv: string;
  readonly mkv: string;
  readonly ts: string;
  readonly avi: string;
  /** Turned by a quarter, clockwise. */
  readonly rotated: string;
  /** HEVC, 10 bits, PQ, with mastering data. */
  readonly hdr: string;
  readonly sound: string;
  /** Without its end, where an MP4 has its index. */
  readonly cutOff: string;
  /** With zeros over a part of its media. */
  readonly damaged: string;
  readonly text: string;
  /** A playlist that names a file that must not be read. */
  readonly playlist: string;
}

/** Makes them, in a folder; about two seconds of work. */
export async function makeAvClips(folder: string): Promise<AvClips> {
  mkdirSync(folder, { recursive: true });
  const at = (name: string): string => path.join(folder, name);
  const luma = `lum='if(lt(X,W/2),${FIRST_LUMA}+${LUMA_STEP}*N,${WHITE})':cb=128:cr=128`;
  const picture = `color=c=black:s=${WIDTH}x${HEIGHT}:r=${FPS}:d=${SECONDS},format=yuv420p,geq=${luma}`;
  const sound = `sine=frequency=440:sample_rate=48000:duration=${SECONDS}`;
  const x264 = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "10", "-bf", "2", "-pix_fmt", "yuv420p"];
  const groups = ["-g", String(GROUP), "-keyint_min", String(GROUP), "-sc_threshold", "0"];
  const ffmpeg = async (...args: string[]): Promise<void> => {
    await run("ffmpeg", ["-v", "error", "-y", ...args]).output;
  };
  const lavfi = (graph: string): string[] => ["-f", "lavfi", "-i", graph];
  const mp4 = at("clip.mp4");
  await ffmpeg(
    ...lavfi(picture),
    ...lavfi(sound),
    ...x264,
    ...groups,
    "-c:a",
    "aac",
    "-metadata",
    "title=A clip",
    mp4,
  );
  const copy = (name: string, ...args: string[]): Promise<void> =>
    ffmpeg("-i", mp4, "-c", "copy", ...args, at(name));
  await copy("clip.flv");
  await copy("clip.mkv");
  await copy("clip.ts");
  await copy("clip.avi");
  await copy("sound.mp4", "-vn");
  await copy("rotated.mp4", "-metadata:s:v", "rotate=270");
  const light =
    "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50):max-cll=1000,400";
  await ffmpeg(
    ...[
      ...lavfi(`testsrc2=size=${WIDTH}x${HEIGHT}:rate=${FPS}:duration=0.4`),
      "-c:v",
      "libx265",
      "-pix_fmt",
      "yuv420p10le",
    ],
    ...[
      "-x265-params",
      `log-level=error:hdr10=1:repeat-headers=1:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:${light}`,
    ],
    ...["-tag:v", "hvc1", at("hdr.mp4")],
  );
  const bytes = readFileSync(mp4);
  writeFileSync(at("cut-off.mp4"), bytes);
  truncateSync(at("cut-off.mp4"), Math.floor(bytes.length / 2));
  const ts = readFileSync(at("clip.ts"));
  writeFileSync(at("damaged.ts"), ts.fill(0, Math.floor(ts.length * 0.3), Math.floor(ts.length * 0.5)));
  writeFileSync(at("text.txt"), "this is no picture\n".repeat(500));
  writeFileSync(
    at("playlist.mp4"),
    `#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n${at("clip.ts")}\n#EXT-X-ENDLIST\n`,
  );
  return {
    mp4,
    flv: at("clip.flv"),
    mkv: at("clip.mkv"),
    ts: at("clip.ts"),
    avi: at("clip.avi"),
    rotated: at("rotated.mp4"),
    hdr: at("hdr.mp4"),
    sound: at("sound.mp4"),
    cutOff: at("cut-off.mp4"),
    damaged: at("damaged.ts"),
    text: at("text.txt"),
    playlist: at("playlist.mp4"),
  };
}

/** RGBA pixels. */
interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Which picture of a clip this is, by what is in the middle of its left half. */
export function numberOf({ width, height, data }: Pixels, x = width / 4, y = height / 2): number {
  return numberOfGrey(data[(Math.floor(y) * width + Math.floor(x)) * 4] ?? 0);
}

/** Of a grey in full range: luma goes from 16 to 235. */
function numberOfGrey(grey: number): number {
  // Not -0.
  return Math.round(((grey * 219) / 255 + 16 - FIRST_LUMA) / LUMA_STEP) + 0;
}

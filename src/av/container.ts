import path from "node:path";
import { AvError } from "./error.js";
import type { TrackInfo } from "./media-info.js";
import type { Container } from "./task.js";

/** The containers that files are written in; `fmp4` is an MP4 in fragments. */
export type OutputContainer = Exclude<Container, "rawvideo">;

/** What a container can hold, by FFmpeg's names of codecs, as its players read it. */
interface Held {
  /** What people call it. */
  readonly title: string;
  readonly video: readonly string[] | "any";
  readonly audio: readonly string[] | "any";
  /** Tracks of each kind; more are refused. */
  readonly tracks: number;
}

const MP4: Held = {
  title: "MP4",
  video: ["h264", "hevc", "av1", "vp9", "mpeg4", "mpeg2video", "mpeg1video", "mjpeg", "vvc"],
  audio: ["aac", "mp3", "opus", "ac3", "eac3", "flac", "alac", "mp2", "dts", "vorbis"],
  tracks: 64,
};

const HELD: Readonly<Record<OutputContainer, Held>> = {
  mp4: MP4,
  fmp4: { ...MP4, title: "fragmented MP4" },
  // Adobe's FLV 10.1, annex E.4. HEVC, AV1, VP9: see writesEnhancedFlv.
  flv: {
    title: "FLV",
    video: ["h264", "flv1", "vp6f", "vp6a", "flashsv", "flashsv2"],
    audio: ["aac", "mp3", "speex", "nellymoser", "adpcm_swf", "pcm_s16le", "pcm_u8", "pcm_alaw", "pcm_mulaw"],
    tracks: 1,
  },
  mkv: { title: "Matroska", video: "any", audio: "any", tracks: 126 },
  webm: { title: "WebM", video: ["vp8", "vp9", "av1"], audio: ["opus", "vorbis"], tracks: 126 },
  // ISO/IEC 13818-1 table 2-34 and its registered formats. FFmpeg writes anything else as data that nobody can read.
  mpegts: {
    title: "MPEG-TS",
    video: ["h264", "hevc", "mpeg2video", "mpeg1video", "mpeg4", "vvc"],
    audio: ["aac", "aac_latm", "mp3", "mp2", "ac3", "eac3", "dts", "opus"],
    tracks: 64,
  },
  // Its times are the numbers of frames: no HEVC, AV1 or VP9, whose players count on more.
  avi: {
    title: "AVI",
    video: [
      "h264",
      "mpeg4",
      "msmpeg4v2",
      "msmpeg4v3",
      "mjpeg",
      "h263",
      "mpeg2video",
      "mpeg1video",
      "huffyuv",
    ],
    audio: ["aac", "mp3", "mp2", "ac3", "dts", "pcm_s16le", "pcm_u8"],
    tracks: 8,
  },
};

const EXTENSIONS: Readonly<Record<string, Exclude<OutputContainer, "fmp4">>> = {
  mp4: "mp4",
  m4v: "mp4",
  m4a: "mp4",
  flv: "flv",
  mkv: "mkv",
  mka: "mkv",
  webm: "webm",
  ts: "mpegts",
  mts: "mpegts",
  m2ts: "mpegts",
  avi: "avi",
};

/**
 * The container of a file that will be written.
 *
 * @param wanted else its name tells
 * @throws AvError `unsupported` that lists what there is
 */
export function containerFor(
  output: string,
  wanted: Exclude<OutputContainer, "fmp4"> | undefined,
  fragmented: boolean,
): OutputContainer {
  const container = wanted ?? byExtension(output);
  if (!fragmented) return container;
  if (container === "mp4") return "fmp4";
  throw new AvError("unsupported", `${output}: only MP4 has fragments, not ${HELD[container].title}`);
}

function byExtension(output: string): Exclude<OutputContainer, "fmp4"> {
  const extension = path.extname(output).slice(1).toLowerCase();
  const container = Object.hasOwn(EXTENSIONS, extension) ? EXTENSIONS[extension] : undefined;
  if (container !== undefined) return container;
  const known = Object.keys(EXTENSIONS)
    .map((name) => `.${name}`)
    .join(", ");
  const problem = extension === "" ? "has no extension" : `.${extension} is no container that we write`;
  throw new AvError("unsupported", `${output}: ${problem}; use one of ${known}`);
}

/**
 * Refuses what a container cannot hold.
 *
 * @param tracks those that are to be in it, as they will be encoded
 * @param version of FFmpeg, on which depends what it writes into FLV
 * @throws AvError `unsupported` that names the codec and what can hold it
 */
export function refuseUnheld(
  container: OutputContainer,
  tracks: readonly Pick<TrackInfo, "kind" | "codec" | "index">[],
  version: string,
): void {
  const { title, tracks: most } = HELD[container];
  for (const kind of ["video", "audio"] as const) {
    const mine = tracks.filter((track) => track.kind === kind);
    for (const { codec, index } of mine) {
      if (canHold(container, kind, codec, version)) continue;
      const others = (Object.keys(HELD) as (keyof typeof HELD)[])
        .filter((other) => other !== "fmp4" && canHold(other, kind, codec, version))
        .map((other) => HELD[other].title);
      throw new AvError(
        "unsupported",
        `${title} cannot hold ${codec} (${kind}, track ${index}); ${others.join(", ")} can, ` +
          "or sluice transcode makes another codec of it",
      );
    }
    if (mine.length > most) {
      const list = mine.map(({ index, codec }) => `${index} (${codec})`).join(", ");
      throw new AvError(
        "unsupported",
        `${title} holds ${most} ${kind} track, the input has ${mine.length}: ${list}; choose with tracks`,
      );
    }
  }
}

/** @param version of FFmpeg */
export function canHold(
  container: OutputContainer,
  kind: "video" | "audio",
  codec: string,
  version: string,
): boolean {
  const held = HELD[container][kind];
  if (held === "any" || held.includes(codec)) return true;
  return container === "flv" && ["hevc", "av1", "vp9"].includes(codec) && writesEnhancedFlv(version);
}

/** HEVC, AV1 and VP9 in FLV, as Enhanced RTMP has them: from FFmpeg 6.1 on. */
function writesEnhancedFlv(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  // A build from FFmpeg's main branch has no number, and is newer.
  return Number.isNaN(major) || major > 6 || (major === 6 && minor >= 1);
}

import type { AudioTask, Container, VideoCodec, VideoTask } from "../task.js";

export type HardwareKind = "nvenc" | "vaapi";
export type EncodedCodec = Exclude<VideoCodec, "rawvideo">;

/** FFmpeg's names, the best first. */
export const SOFTWARE: Readonly<Record<EncodedCodec, readonly string[]>> = {
  h264: ["libx264", "libopenh264"],
  hevc: ["libx265", "libkvazaar"],
  vp9: ["libvpx-vp9"],
  av1: ["libsvtav1", "libaom-av1", "librav1e"],
};

/** `h264_nvenc`, `vp9_vaapi`; undefined where no such thing is made. */
export function hardwareEncoder(codec: VideoCodec, kind: HardwareKind): string | undefined {
  if (codec === "rawvideo" || (kind === "nvenc" && codec === "vp9")) return undefined;
  return `${codec}_${kind}`;
}

/** The picture as an encoder takes it: filters at the end of a graph. */
export function pixelFormat(encoder: string): string[] {
  if (encoder === "rawvideo") return ["format=rgba"];
  // 4:2:0 needs even sides; where they are, this does nothing.
  const even = "crop=w=trunc(iw/2)*2:h=trunc(ih/2)*2";
  if (encoder.endsWith("_vaapi")) return [even, "format=nv12", "hwupload"];
  // H.264 with ten bits plays nearly nowhere; the others keep what they are given.
  const tenBits = !/264/.test(encoder) && encoder !== "librav1e" && !encoder.endsWith("_nvenc");
  return [even, tenBits ? "format=yuv420p|yuv420p10le" : "format=yuv420p"];
}

/** Options that stand in front of all inputs. */
export function encoderDevice(encoder: string): string[] {
  return encoder.endsWith("_vaapi") ? ["-vaapi_device", "/dev/dri/renderD128"] : [];
}

/**
 * An encoder's options. Constant quality where no bitrate is given.
 *
 * @param encoder FFmpeg's name of it
 * @param container some need a codec's tag
 */
export function videoEncoderArgs(encoder: string, task: VideoTask, container: Container): string[] {
  const tag = task.codec === "hevc" && /mp4/.test(container) ? ["-tag:v", "hvc1"] : [];
  return [
    "-c:v",
    encoder,
    ...speed(encoder, task),
    ...rate(encoder, task),
    ...keyFrames(encoder, task),
    ...tag,
  ];
}

function speed(encoder: string, { preset, lowDelay }: VideoTask): string[] {
  switch (encoder) {
    case "libx264":
      return ["-preset", preset ?? "medium", ...(lowDelay ? ["-tune", "zerolatency"] : [])];
    case "libx265":
      return [
        ...["-preset", preset ?? "medium", ...(lowDelay ? ["-tune", "zerolatency"] : [])],
        ...["-x265-params", "log-level=error"],
      ];
    case "libvpx-vp9":
      return [
        ...["-deadline", lowDelay ? "realtime" : "good", "-cpu-used", preset ?? (lowDelay ? "7" : "4")],
        ...["-row-mt", "1", ...(lowDelay ? ["-lag-in-frames", "0"] : [])],
      ];
    case "libsvtav1":
      return ["-preset", preset ?? "10"];
    case "libaom-av1":
      return ["-cpu-used", preset ?? "6", "-row-mt", "1"];
    case "librav1e":
      return ["-speed", preset ?? "8"];
    default:
      return [...(preset === undefined ? [] : ["-preset", preset]), ...(lowDelay ? ["-bf", "0"] : [])];
  }
}

/** Where they differ from FFmpeg's own, chosen so that a 720p picture looks alike in all four codecs. */
const QUALITY: Readonly<Record<string, number>> = {
  libx264: 23,
  libx265: 28,
  "libvpx-vp9": 33,
  libsvtav1: 35,
  "libaom-av1": 33,
};

function rate(encoder: string, { bitrate, quality }: VideoTask): string[] {
  if (encoder === "rawvideo") return [];
  if (bitrate !== undefined) {
    const b = ["-b:v", String(bitrate)];
    // A peak for players' buffers, where the encoder knows one beside an average.
    const peak = ["-maxrate", String(Math.round(bitrate * 1.5)), "-bufsize", String(bitrate * 2)];
    return /^libx26[45]$|_nvenc$|^libvpx/.test(encoder) ? [...b, ...peak] : b;
  }
  const value = quality ?? QUALITY[encoder];
  if (encoder.endsWith("_nvenc")) return ["-rc", "vbr", "-cq", String(value ?? 28), "-b:v", "0"];
  if (encoder.endsWith("_vaapi")) return ["-qp", String(value ?? 26)];
  if (encoder === "librav1e") return ["-qp", String(value ?? 100)];
  // These have no constant quality.
  if (encoder === "libopenh264" || encoder === "libkvazaar") return ["-b:v", "2500000"];
  const unbound = encoder === "libvpx-vp9" || encoder === "libaom-av1" ? ["-b:v", "0"] : [];
  return ["-crf", String(value), ...unbound];
}

function keyFrames(encoder: string, { keyFrames }: VideoTask): string[] {
  if (keyFrames === undefined || encoder === "rawvideo") return [];
  const force =
    keyFrames === "source" ? "source" : `expr:gte(t,n_forced*${(keyFrames.everyUs / 1_000_000).toFixed(6)})`;
  // None but those that are asked for, and those as ones that a decoder can start at.
  const only = encoder === "libx264" ? ["-sc_threshold", "0", "-forced-idr", "1"] : [];
  return ["-force_key_frames", force, "-g", "100000", ...only];
}

const AUDIO_ENCODERS = { aac: "aac", opus: "libopus", mp3: "libmp3lame" } as const;
const AUDIO_BITRATE = { aac: 128_000, opus: 96_000, mp3: 128_000 } as const;

export function audioEncoderArgs({ codec, bitrate, sampleRate, channels }: AudioTask): string[] {
  return [
    ...["-c:a", AUDIO_ENCODERS[codec], "-b:a", String(bitrate ?? AUDIO_BITRATE[codec])],
    ...(sampleRate === undefined ? [] : ["-ar", String(sampleRate)]),
    ...(channels === undefined ? [] : ["-ac", String(channels)]),
  ];
}

import { AUDIO_CODECS, VIDEO_CODECS, type VideoFormat } from "./codecs.js";
import type { OutputContainer } from "./container.js";
import { hdrColor } from "./ffmpeg/tone-map.js";
import type { ColorInfo } from "./media-info.js";
import type { AudioCodec, AudioTask, Hardware, HdrColor, Place, VideoFilter, VideoTask } from "./task.js";

/** How picture and sound are encoded, and what is done to the picture before. */
export interface PictureOptions {
  /** `h264` by default, `vp9` for WebM. */
  readonly video?: VideoFormat | "copy" | "none";
  /** By default as it is where the container can hold it, else `aac`; `opus` for WebM. */
  readonly audio?: AudioCodec | "copy" | "none";
  /** Pixels taken out of the picture; in its middle where `x` and `y` are not given. First of all. */
  readonly crop?: {
    readonly width: number;
    readonly height: number;
    readonly x?: number;
    readonly y?: number;
  };
  /** Frames per second: some are left out or shown twice. */
  readonly fps?: number;
  /** Pixels. One side alone keeps the shape. */
  readonly scale?: { readonly width?: number; readonly height?: number };
  /** A picture file that is laid over, with its transparency; at the top right by default. */
  readonly watermark?: { readonly path: string; readonly place?: Place };
  /** Laid over; at the bottom left by default. drawtext's expansions work, such as `%{localtime}`; `\\%` is a percent sign. */
  readonly text?:
    | string
    | { readonly text: string; readonly place?: Place; readonly size?: number; readonly font?: string };
  /**
   * A picture of a high dynamic range (PQ, HLG) is brought into the standard one: `auto`, the default, for H.264, which is
   * made with 8 bits; `always`, for the other codecs too; `none`, for none.
   */
  readonly toneMap?: ToneMap;
  /** Of the picture, bits per second. */
  readonly bitrate?: number;
  /** Constant quality in the encoder's own scale, instead of a bitrate: less is better. */
  readonly crf?: number;
  /** The encoder's own word for speed against size: `veryfast`, `medium`; a digit for VP9 and AV1. */
  readonly preset?: string;
  /** Of the sound, bits per second. */
  readonly audioBitrate?: number;
  /** `auto` tries what hardware there is with a few frames, and says so where it goes on without. `none` by default. */
  readonly hw?: Hardware;
}

export type ToneMap = "auto" | "always" | "none";

/** What the options come to. */
export interface PicturePlan {
  /** For a picture, where there is one. */
  readonly video: VideoTask | "copy" | "none";
  readonly audio: AudioTask | "copy" | "none" | "default";
  /** Files that the filters read. */
  readonly files: readonly string[];
}

const PLACES: readonly Place[] = ["top-left", "top-right", "bottom-left", "bottom-right", "center"];
const TONE_MAPS: readonly ToneMap[] = ["auto", "always", "none"];
const HARDWARE: readonly Hardware[] = ["none", "auto", "nvenc", "vaapi"];
const MAX_SIDE = 16_384;
const MAX_CRF = 255;
const MAX_TEXT = 1_000;

/**
 * @param color of the input's picture, where it is known
 * @throws TypeError that names the option
 */
export function planPicture(
  options: PictureOptions,
  container: OutputContainer,
  color: ColorInfo = {},
): PicturePlan {
  const codec = options.video ?? (container === "webm" ? "vp9" : "h264");
  const { toneMap = "auto" } = options;
  if (!TONE_MAPS.includes(toneMap)) throw oneOf("toneMap", TONE_MAPS);
  const hdr = toneMap === "always" || (toneMap === "auto" && codec === "h264") ? hdrColor(color) : undefined;
  const filters = filtersOf(options, hdr);
  const { watermark, text } = options;
  const font = typeof text === "object" ? text.font : undefined;
  const files = [watermark?.path, font].filter((file) => file !== undefined);
  const audio = planSound(options);
  if (codec === "copy" || codec === "none") {
    for (const name of [
      "crop",
      "fps",
      "scale",
      "watermark",
      "text",
      "bitrate",
      "crf",
      "preset",
      "toneMap",
    ] as const)
      if (options[name] !== undefined)
        throw new TypeError(`${name} needs a picture that is encoded, not ${codec}`);
    return { video: codec, audio, files };
  }
  if (!VIDEO_CODECS.includes(codec)) throw oneOf("video", [...VIDEO_CODECS, "copy", "none"]);
  const { bitrate, crf, preset, hw = "none" } = options;
  if (bitrate !== undefined && crf !== undefined) throw new TypeError("bitrate and crf: one of them");
  if (!HARDWARE.includes(hw)) throw oneOf("hw", HARDWARE);
  if (preset !== undefined && !/^[a-z0-9]{1,20}$/i.test(preset)) throw new TypeError("preset must be a word");
  const video: VideoTask = {
    codec,
    filters,
    ...(bitrate === undefined ? {} : { bitrate: whole("bitrate", bitrate, 1_000, 1_000_000_000) }),
    ...(crf === undefined ? {} : { quality: number("crf", crf, 0, MAX_CRF) }),
    ...(preset === undefined ? {} : { preset }),
    hardware: hw,
  };
  return { video, audio, files };
}

function planSound({ audio, audioBitrate }: PictureOptions): PicturePlan["audio"] {
  if (audioBitrate !== undefined) whole("audioBitrate", audioBitrate, 6_000, 2_000_000);
  if (audio === undefined || audio === "copy" || audio === "none") {
    if (audioBitrate !== undefined) throw new TypeError("audioBitrate needs a codec: audio aac, opus or mp3");
    return audio ?? "default";
  }
  if (!AUDIO_CODECS.includes(audio)) throw oneOf("audio", [...AUDIO_CODECS, "copy", "none"]);
  return { codec: audio, ...(audioBitrate === undefined ? {} : { bitrate: audioBitrate }) };
}

/** In the order in which they are applied, whatever the order of the options. */
function filtersOf(
  { crop, fps, scale, watermark, text }: PictureOptions,
  hdr: HdrColor | undefined,
): VideoFilter[] {
  const filters: VideoFilter[] = [];
  if (crop !== undefined) {
    const { x, y } = crop;
    if ((x === undefined) !== (y === undefined)) throw new TypeError("crop: x and y, or neither");
    filters.push({
      kind: "crop",
      width: whole("crop.width", crop.width, 2, MAX_SIDE),
      height: whole("crop.height", crop.height, 2, MAX_SIDE),
      x: x === undefined ? undefined : whole("crop.x", x, 0, MAX_SIDE),
      y: y === undefined ? undefined : whole("crop.y", y, 0, MAX_SIDE),
    });
  }
  if (fps !== undefined) filters.push({ kind: "fps", fps: number("fps", fps, 0.1, 1_000) });
  if (scale !== undefined) {
    const { width, height } = scale;
    if (width === undefined && height === undefined) throw new TypeError("scale: a width, a height or both");
    filters.push({
      kind: "scale",
      width: width === undefined ? undefined : whole("scale.width", width, 2, MAX_SIDE),
      height: height === undefined ? undefined : whole("scale.height", height, 2, MAX_SIDE),
    });
  }
  // Of as few pixels as there will be, and before what is laid over, which is SDR.
  if (hdr !== undefined) filters.push({ kind: "tone-map", ...hdr });
  if (watermark !== undefined) {
    const { path, place = "top-right" } = watermark;
    if (typeof path !== "string" || path === "" || path.includes("\0"))
      throw new TypeError("watermark.path must be the path of a picture");
    filters.push({ kind: "watermark", path, place: placeOf("watermark.place", place) });
  }
  if (text !== undefined) {
    const { place = "bottom-left", size, font, ...rest } = typeof text === "string" ? { text } : text;
    if (rest.text === "" || rest.text.length > MAX_TEXT || rest.text.includes("\0"))
      throw new TypeError(`text must have 1 to ${MAX_TEXT} characters`);
    filters.push({
      kind: "text",
      text: rest.text,
      place: placeOf("text.place", place),
      size: size === undefined ? undefined : whole("text.size", size, 4, 1_000),
      font,
    });
  }
  return filters;
}

function placeOf(name: string, place: Place): Place {
  if (!PLACES.includes(place)) throw oneOf(name, PLACES);
  return place;
}

function whole(name: string, value: number, least: number, most: number): number {
  if (!Number.isInteger(value) || value < least || value > most)
    throw new TypeError(`${name} must be a whole number from ${least} to ${most}`);
  return value;
}

function number(name: string, value: number, least: number, most: number): number {
  if (!(value >= least && value <= most))
    throw new TypeError(`${name} must be a number from ${least} to ${most}`);
  return value;
}

function oneOf(name: string, values: readonly string[]): TypeError {
  return new TypeError(`${name} must be one of ${values.join(", ")}`);
}

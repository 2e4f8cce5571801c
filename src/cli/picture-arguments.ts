import type { PictureOptions, ToneMap } from "../av/picture-options.js";
import type { Hardware } from "../av/task.js";
import type { ArgumentSpec, Arguments } from "./arguments.js";
import { optional } from "./media-job.js";
import { parseBits, parseCrop, parsePlaced, parseQuality, parseRate, parseSize } from "./media-values.js";

/** What the commands that encode take. */
export const PICTURE_VALUES = [
  "--scale",
  "--crop",
  "--fps",
  "--watermark",
  "--text",
  "--font",
  "--video",
  "--audio",
  "--bitrate",
  "--audio-bitrate",
  "--crf",
  "--preset",
  "--hw",
  "--tone-map",
] as const;

/** The options as they are typed; the library judges their values. */
export function pictureOptions(given: Arguments, spec: ArgumentSpec): PictureOptions {
  const read = <T>(name: string, parse: (text: string) => T | undefined, what: string): T | undefined =>
    optional(given, spec, name, parse, what);
  const scale = read("--scale", parseSize, "size, such as 1280x720 or -2:480");
  const crop = read("--crop", parseCrop, "part of a picture, such as 640:360 or 640:360:0:20");
  const fps = read("--fps", parseRate, "frame rate, such as 30 or 30000/1001");
  const watermark = read("--watermark", parsePlaced, "picture");
  const text = read("--text", parsePlaced, "text");
  const font = given.value("--font");
  const bitrate = read("--bitrate", parseBits, "bitrate, such as 800k or 1.2M");
  const audioBitrate = read("--audio-bitrate", parseBits, "bitrate, such as 128k");
  const crf = read("--crf", parseQuality, "quality, such as 23");
  const preset = given.value("--preset");
  return {
    ...(scale === undefined ? {} : { scale }),
    ...(crop === undefined ? {} : { crop }),
    ...(fps === undefined ? {} : { fps }),
    ...(watermark === undefined ? {} : { watermark: { path: watermark.what, ...placeOf(watermark) } }),
    ...(text === undefined
      ? {}
      : { text: { text: text.what, ...placeOf(text), ...(font === undefined ? {} : { font }) } }),
    ...(bitrate === undefined ? {} : { bitrate }),
    ...(audioBitrate === undefined ? {} : { audioBitrate }),
    ...(crf === undefined ? {} : { crf }),
    ...(preset === undefined ? {} : { preset }),
    ...word("video", given.value("--video")),
    ...word("audio", given.value("--audio")),
    ...word("toneMap", given.value("--tone-map") as ToneMap | undefined),
    ...word("hw", given.value("--hw") as Hardware | undefined),
  };
}

function placeOf({ place }: ReturnType<typeof parsePlaced>) {
  return place === undefined ? {} : { place };
}

/** One of a few words: which is told by the library, where it is none. */
function word<K extends "video" | "audio" | "toneMap" | "hw">(
  name: K,
  text: string | undefined,
): Pick<PictureOptions, K> | object {
  return text === undefined ? {} : { [name]: text };
}

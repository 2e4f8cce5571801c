import { AvError } from "../error.js";

/** The pixels of one picture. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** RGBA, rows from the top. */
  readonly data: Uint8Array;
}

/** A header is 67 bytes; FFmpeg writes no comments into it. */
const MAX_HEADER = 256;
const END = "ENDHDR\n";
const CHANNELS = 4;
/** 8192 x 8192, as FFmpeg is told too (`-max_pixels`). */
export const MAX_PIXELS = 67_108_864;

/**
 * Reads what FFmpeg's `pam` encoder writes one after the other (Netpbm's PAM format): each picture says its own size, and
 * what follows are RGBA pixels as they are. Holds one picture.
 *
 * @throws AvError `failed` where it is something else
 */
export async function* readPictures(source: AsyncIterable<Uint8Array>): AsyncGenerator<Picture> {
  let header = "";
  let picture: Picture | undefined;
  let filled = 0;
  for await (const slice of source) {
    let at = 0;
    while (at < slice.length) {
      if (picture === undefined) {
        // Header bytes are few: one at a time is simple, and right wherever the slices end.
        header += String.fromCharCode(slice[at] ?? 0);
        at += 1;
        if (header.length > MAX_HEADER) throw new AvError("failed", "ffmpeg's pictures have no header");
        if (!header.endsWith(END)) continue;
        picture = pictureOf(header);
        header = "";
        filled = 0;
      } else {
        const part = slice.subarray(at, at + picture.data.length - filled);
        picture.data.set(part, filled);
        filled += part.length;
        at += part.length;
        if (filled < picture.data.length) continue;
        const whole = picture;
        picture = undefined;
        yield whole;
      }
    }
  }
  if (picture !== undefined || header !== "") throw new AvError("failed", "ffmpeg stopped inside a picture");
}

function pictureOf(header: string): Picture {
  const field = (name: string): string => new RegExp(`^${name} (\\S+)$`, "m").exec(header)?.[1] ?? "";
  const width = Number(field("WIDTH"));
  const height = Number(field("HEIGHT"));
  const rgba = header.startsWith("P7\n") && field("TUPLTYPE") === "RGB_ALPHA" && field("MAXVAL") === "255";
  if (!rgba || !(width > 0) || !(height > 0) || width * height > MAX_PIXELS) {
    throw new AvError("failed", "ffmpeg's picture is not of the kind that was asked for");
  }
  return { width, height, data: new Uint8Array(width * height * CHANNELS) };
}

import type { ImageTask } from "../../task.js";
import { openEncoder } from "./encoder.js";
import { createVideoGraph } from "./graph.js";
import type { Tools } from "./input.js";
import type { CodecContext } from "./library.js";

interface ImageEncoder {
  readonly encoder: string;
  readonly pixels: string;
  readonly options: Readonly<Record<string, string>>;
  /** Of each frame, where the encoder wants it there. */
  readonly frameQuality?: number;
}

const TICK = { num: 1, den: 25 };
/** FF_QP2LAMBDA: what `-q:v 1` is in the encoder's own unit. */
const LAMBDA = 118;

/** As FFmpeg's programs are asked for it (`../../ffmpeg/image.ts`). */
function encoderOf({ format, quality }: ImageTask): ImageEncoder {
  switch (format) {
    case "png":
      return { encoder: "png", pixels: "rgb24", options: {} };
    case "jpeg": {
      const frameQuality = Math.round(31 - (quality / 100) * 29) * LAMBDA;
      const options = { flags: "+qscale", global_quality: String(frameQuality) };
      return { encoder: "mjpeg", pixels: "yuvj420p", options, frameQuality };
    }
    case "webp":
      return { encoder: "libwebp", pixels: "yuv420p", options: { quality: String(quality) } };
  }
}

/** RGBA pixels as a picture file. @throws Failure */
export function imageOf(tools: Tools, task: ImageTask, rgba: Uint8Array): Uint8Array {
  const { library, check } = tools;
  const { encoder: encoderName, pixels, options, frameQuality } = encoderOf(task);
  const name = `a ${task.width}x${task.height} picture as ${task.format}`;
  const frame = new library.Frame();
  frame.alloc();
  frame.width = task.width;
  frame.height = task.height;
  frame.format = library.avGetPixFmtFromName("rgba");
  frame.pts = 0n;
  // Points at our bytes. The filters copy them, because they are not the frame's own.
  check(frame.fromBuffer(Buffer.from(rgba.buffer, rgba.byteOffset, rgba.byteLength)));
  const graph = createVideoGraph(library, frame, TICK, TICK, `format=${pixels}`, check);
  const slices: Uint8Array[] = [];
  for (const picture of graph.run(frame)) {
    const set = (context: CodecContext): void => {
      context.width = picture.width;
      context.height = picture.height;
      context.pixelFormat = picture.format;
      context.colorRange = picture.colorRange;
      context.timeBase = TICK;
    };
    const encoder = openEncoder(tools, encoderName, name, set, options);
    if (frameQuality !== undefined) picture.quality = frameQuality;
    for (const input of [picture, undefined]) {
      for (const { data } of encoder.encode(input)) if (data !== null) slices.push(Buffer.from(data));
    }
    encoder.close();
  }
  graph.close();
  return Buffer.concat(slices);
}

import type { EngineIo } from "../engine.js";
import { feed, runChild } from "../process.js";
import type { ImageFormat, ImageTask } from "../task.js";
import { explain } from "./explain.js";
import type { Ffmpeg } from "./find.js";

/** RGBA pixels as a picture file. */
export async function ffmpegImage(
  { ffmpeg }: Ffmpeg,
  task: ImageTask,
  rgba: Uint8Array,
  { signal, limits, background = false }: EngineIo,
): Promise<Uint8Array> {
  const size = `${task.width}x${task.height}`;
  const child = runChild({
    name: "ffmpeg",
    command: ffmpeg,
    args: [
      ...["-hide_banner", "-nostdin", "-loglevel", "error", "-threads", "1"],
      ...["-f", "rawvideo", "-pix_fmt", "rgba", "-s", size, "-protocol_whitelist", "pipe", "-i", "pipe:0"],
      ...["-frames:v", "1", ...encoder(task.format, task.quality), "-f", "image2pipe", "pipe:1"],
    ],
    stdin: true,
    signal,
    ...limits,
    background,
  });
  const slices: Uint8Array[] = [];
  const fed = feed(child, once(rgba));
  for await (const bytes of child.stdout) slices.push(bytes);
  await fed;
  const end = await child.done;
  if (end.code !== 0 || slices.length === 0) throw explain(end, `a ${size} picture as ${task.format}`);
  return Buffer.concat(slices);
}

function encoder(format: ImageFormat, quality: number): string[] {
  switch (format) {
    case "png":
      return ["-c:v", "png", "-pix_fmt", "rgb24"];
    case "jpeg":
      // mjpeg's scale goes from 2, the best, to 31.
      return ["-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-q:v", String(Math.round(31 - (quality / 100) * 29))];
    case "webp":
      return ["-c:v", "libwebp", "-pix_fmt", "yuv420p", "-quality", String(quality)];
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

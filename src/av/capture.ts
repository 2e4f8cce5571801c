import { stat } from "node:fs/promises";
import type { VideoFormat } from "./codecs.js";
import { refuseUnheld } from "./container.js";
import { type Converted, convertFile, type OutputOptions } from "./convert-file.js";
import { AvError } from "./error.js";
import type { Job } from "./job.js";
import { requireReadable } from "./open.js";
import { type PictureOptions, planPicture } from "./picture-options.js";
import type { Source } from "./source.js";
import type { AudioCodec } from "./task.js";
import { defaultSound } from "./transcode.js";

export interface CaptureOptions extends OutputOptions, Omit<PictureOptions, "video" | "audio"> {
  /** `h264` by default, `vp9` for WebM. */
  readonly video?: VideoFormat;
  /** `aac` by default, `opus` for WebM. */
  readonly audio?: AudioCodec | "none";
  /** Until `finish` fires by default. */
  readonly durationMs?: number;
}

/**
 * Records a camera (Video4Linux, `/dev/video0`), or a picture and sound that FFmpeg makes (`lavfi:testsrc2=size=640x360`;
 * `lavfi:testsrc2[out0];sine[out1]` has both), as fast as they are shown.
 *
 * A `lavfi:` graph is code: it may read any file. Never make one of what somebody else has typed.
 *
 * @throws TypeError; `done` rejects with AvError: `not-found` where there is no such camera
 */
export function capture(device: string, output: string, options: CaptureOptions = {}): Job<Converted> {
  const source = parseDevice(device);
  const { durationMs } = options;
  if (durationMs !== undefined && !(durationMs > 0 && Number.isFinite(durationMs)))
    throw new TypeError("durationMs must be a number above 0");
  const durationUs = durationMs === undefined ? undefined : Math.round(durationMs * 1_000);
  planPicture(options, "mp4");
  return convertFile("capture", [source], output, options, async ({ engine, container }) => {
    if (source.kind === "camera") await requireCamera(source.device);
    const { video, audio, files } = planPicture(options, container);
    for (const path of files) await requireReadable({ kind: "file", path });
    const sound = audio === "default" || audio === "copy" ? defaultSound(container) : audio;
    const made = [
      ...(typeof video === "object" ? [{ kind: "video" as const, codec: video.codec, index: 0 }] : []),
      ...(typeof sound === "object" ? [{ kind: "audio" as const, codec: sound.codec, index: 1 }] : []),
    ];
    refuseUnheld(container, made, engine.version);
    return {
      task: {
        inputs: [
          {
            source,
            // A camera comes in real time by itself.
            realtime: source.kind === "lavfi",
            ...(durationUs === undefined ? {} : { toUs: durationUs }),
          },
        ],
        video,
        audio: sound,
      },
      totalUs: durationUs,
    };
  });
}

function parseDevice(device: string): Extract<Source, { kind: "lavfi" | "camera" }> {
  if (typeof device !== "string" || device === "" || device.includes("\0"))
    throw new TypeError("device must be a camera's path or lavfi:GRAPH");
  if (device.startsWith("lavfi:")) return { kind: "lavfi", graph: device.slice("lavfi:".length) };
  return { kind: "camera", device };
}

async function requireCamera(device: string): Promise<void> {
  const found = await stat(device).catch(() => undefined);
  if (found === undefined)
    throw new AvError("not-found", `${device}: there is no such camera; see ls /dev/video*`);
  if (!found.isCharacterDevice()) throw new AvError("unsupported", `${device}: this is no camera`);
}

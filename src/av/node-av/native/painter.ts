import { hdrColor, toneMapFilters } from "../../ffmpeg/tone-map.js";
import type { FrameSize, FramesTask } from "../../task.js";
import type { Picture } from "../wire.js";
import { nameOf, PRIMARIES, TRANSFER } from "./color-names.js";
import { createVideoGraph, type Graph } from "./graph.js";
import type { Tools } from "./input.js";
import type { Frame, Stream } from "./library.js";
import { rotationOf } from "./rotation.js";

/** Makes RGBA of decoded frames, upright and of the size that is wanted. */
export interface Painter {
  /** The frame stays its owner's. */
  paint(frame: Frame, pts: number): Picture;
  close(): void;
}

export function createPainter(
  { library, check }: Tools,
  stream: Stream,
  { size, toneMap }: Pick<FramesTask, "size" | "toneMap">,
): Painter {
  const hdr = toneMap === "source" ? hdrOf(stream) : toneMap;
  const chain = [
    ...uprightFilters(rotationOf(stream)),
    ...sizeFilters(size),
    ...(hdr === undefined ? [] : [toneMapFilters(hdr)]),
    "format=rgba",
  ].join(",");
  let graph: Graph | undefined;
  /** What the graph was made for: a stream may change its size or its pixels on the way. */
  let shape = "";

  return {
    paint(frame, pts) {
      const now = [frame.width, frame.height, frame.format, frame.colorSpace, frame.colorRange].join();
      if (graph === undefined || now !== shape) {
        graph?.close();
        graph = createVideoGraph(library, frame, stream.timeBase, stream.avgFrameRate, chain, check);
        shape = now;
      }
      for (const painted of graph.run(frame)) {
        return { width: painted.width, height: painted.height, pts, data: painted.toBuffer() };
      }
      throw new Error("a picture went into the filters, and none came out");
    },
    close: () => graph?.close(),
  };
}

function hdrOf({ codecpar }: Stream): ReturnType<typeof hdrColor> {
  return hdrColor({
    ...nameOf("transfer", TRANSFER, codecpar.colorTrc),
    ...nameOf("primaries", PRIMARIES, codecpar.colorPrimaries),
  });
}

/** As FFmpeg's programs turn it. */
export function uprightFilters(rotation: number): string[] {
  if (rotation === 90) return ["transpose=clock"];
  if (rotation === 180) return ["hflip", "vflip"];
  if (rotation === 270) return ["transpose=cclock"];
  return [];
}

function sizeFilters(size: FrameSize | undefined): string[] {
  if (size === undefined) return [];
  const { width, height } = size;
  if (width !== undefined && height !== undefined) {
    return [`scale=${width}:${height}:force_original_aspect_ratio=decrease`];
  }
  return width === undefined && height === undefined ? [] : [`scale=${width ?? -1}:${height ?? -1}`];
}

import type { FrameSize, HdrColor } from "../task.js";
import { toneMapFilters } from "./tone-map.js";

/** Nothing is wanted of a frame but that its time is written down: a filter prints those that have any metadata. */
const STAMP = "settb=1/1000000,metadata=mode=add:key=sluice:value=1";
/** Quoted once for the graph; the backslash is the option's own. */
const PRINT = "metadata=mode=print:direct=1:file='pipe\\:3'";

/**
 * The filters after which pictures are RGBA, of the size that was asked for, and their times stand on descriptor 3 in
 * microseconds, one line for each before its pixels come.
 *
 * @param select an expression of FFmpeg's select filter
 */
export function pictureFilters(
  select: string | undefined,
  size: FrameSize | undefined,
  hdr: HdrColor | undefined,
): string {
  return [
    ...(select === undefined ? [] : [`select='${select}'`]),
    ...(size === undefined ? [] : [scale(size)]),
    ...(hdr === undefined ? [] : [toneMapFilters(hdr)]),
    "format=rgba",
    STAMP,
    PRINT,
  ].join(",");
}

/** The time in what the filter prints: `frame:0    pts:40000   pts_time:0.04`. */
export function stampOf(line: string): number | undefined {
  const pts = /^frame:\d+\s+pts:(-?\d+)\s/.exec(line)?.[1];
  return pts === undefined ? undefined : Number(pts);
}

/**
 * Lets through the first picture at or after 0, one interval, two, …: register 0 holds the number of the next. Whether a
 * time is "at" is asked with half a millisecond to spare, which is what containers in milliseconds round by.
 */
export function everySelect(everyUs: number): string {
  const seconds = everyUs / 1_000_000;
  return `if(gte(t+0.0005,ld(0)*${seconds}),st(0,floor((t+0.0005)/${seconds})+1),0)`;
}

function scale({ width, height }: FrameSize): string {
  if (width !== undefined && height !== undefined) {
    return `scale=${width}:${height}:force_original_aspect_ratio=decrease`;
  }
  return `scale=${width ?? -1}:${height ?? -1}`;
}

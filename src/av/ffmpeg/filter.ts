import type { Place, VideoFilter } from "../task.js";
import { toneMapFilters } from "./tone-map.js";

/** A fiftieth of the picture's width: the margin of what stands in a corner. */
const MARGIN = "main_w/50";
const TEXT_MARGIN = "w/50";

/** A percent sign that begins no expansion: FFmpeg 8 refuses what FFmpeg 5 takes for a sign. */
const LONE_PERCENT = /(?<!\\)%(?!\{)/g;

/**
 * A value for a filter's option in a filter graph, such as `text=VALUE`.
 *
 * Two parsers read it, the graph's and then the filter's own, and each takes a backslash away; all but letters, digits
 * and a few signs get one for each (ffmpeg-filters, "Notes on filtergraph escaping").
 */
export function escapeFilterValue(text: string): string {
  return escapeOnce(escapeOnce(text));
}

function escapeOnce(text: string): string {
  return text.replace(/[^\p{L}\p{N}\p{M}_./-]/gu, "\\$&");
}

/**
 * A chain of filters as a graph with one input and one output, in the order given.
 *
 * @param last filters in FFmpeg's own words that come after them, such as `format=yuv420p`
 * @returns for `-filter:v`; empty where there is nothing to do
 */
export function filterGraph(filters: readonly VideoFilter[], last: readonly string[] = []): string {
  // What follows a picture of its own begins a new chain: [v0] and its logo in, [v1] out.
  const chains: string[] = [];
  let chain: string[] = [];
  let label = "";
  for (const filter of filters) {
    if (filter.kind !== "watermark") {
      chain.push(words(filter));
      continue;
    }
    const n = chains.length;
    // A chain of nothing still needs a filter in it for its label.
    chains.push(`${label}${chain.length === 0 ? "null" : chain.join(",")}[v${n}]`);
    chains.push(`movie=filename=${escapeFilterValue(`file:${filter.path}`)}[w${n}]`);
    chain = [`overlay=${overlayPlace(filter.place)}`];
    label = `[v${n}][w${n}]`;
  }
  chain.push(...last);
  if (chain.length > 0) chains.push(`${label}${chain.join(",")}`);
  return chains.join(";");
}

function words(filter: Exclude<VideoFilter, { kind: "watermark" }>): string {
  switch (filter.kind) {
    case "scale":
      // -2: as the shape has it, and even, as 4:2:0 wants.
      return `scale=w=${filter.width ?? -2}:h=${filter.height ?? -2}`;
    case "crop": {
      const { width, height, x, y } = filter;
      const at = x === undefined || y === undefined ? "" : `:x=${x}:y=${y}`;
      return `crop=w=${width}:h=${height}${at}`;
    }
    case "tone-map":
      return toneMapFilters(filter);
    case "fps":
      return `fps=fps=${filter.fps}`;
    case "text":
      return [
        `drawtext=text=${escapeFilterValue(filter.text.replace(LONE_PERCENT, "\\%"))}`,
        ...(filter.font === undefined ? [] : [`fontfile=${escapeFilterValue(filter.font)}`]),
        `fontsize=${filter.size ?? "h/20"}`,
        textPlace(filter.place),
        "fontcolor=white:box=1:boxcolor=black@0.5:boxborderw=6",
      ].join(":");
  }
}

function overlayPlace(place: Place): string {
  const left = place.endsWith("left");
  if (place === "center") return "x=(main_w-overlay_w)/2:y=(main_h-overlay_h)/2";
  const x = left ? MARGIN : `main_w-overlay_w-${MARGIN}`;
  const y = place.startsWith("top") ? MARGIN : `main_h-overlay_h-${MARGIN}`;
  return `x=${x}:y=${y}`;
}

function textPlace(place: Place): string {
  if (place === "center") return "x=(w-text_w)/2:y=(h-text_h)/2";
  const x = place.endsWith("left") ? TEXT_MARGIN : `w-text_w-${TEXT_MARGIN}`;
  const y = place.startsWith("top") ? TEXT_MARGIN : `h-text_h-${TEXT_MARGIN}`;
  return `x=${x}:y=${y}`;
}

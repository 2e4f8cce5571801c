import type { Progress } from "../progress.js";

/** Collects the lines of `-progress`, `key=value` each, into one report for each of its blocks. */
export function progressLines(onProgress: (progress: Progress) => void): (line: string) => void {
  let block = new Map<string, string>();
  const number = (key: string): number | undefined => {
    const value = Number.parseFloat(block.get(key) ?? "");
    return Number.isFinite(value) && value >= 0 ? value : undefined;
  };
  return (line) => {
    const at = line.indexOf("=");
    // A block has about twenty lines.
    if (at > 0 && block.size < 64) block.set(line.slice(0, at), line.slice(at + 1).trim());
    if (!line.startsWith("progress=")) return;
    onProgress({
      timeUs: number("out_time_us") ?? 0,
      totalUs: undefined,
      frames: number("frame"),
      bytes: number("total_size"),
      speed: number("speed"),
    });
    block = new Map();
  };
}

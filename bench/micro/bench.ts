import type { Clip } from "../clip.js";

/** One thing that is timed. */
export interface MicroBench {
  readonly name: string;
  /** How many of its unit one call of `run` handles. */
  readonly count: number;
  readonly unit: "packet" | "write" | "decision";
  run(): void;
}

export type MicroBenches = (clip: Clip) => readonly MicroBench[];

import type { PathChoice, PlayerPath } from "./choose.js";

/** Why paths that the browser has turned out not to play the stream. */
export type Refused = Partial<Record<PlayerPath, string>>;

/** Whether a worker of this browser may have a media source: Chrome and Edge from 108. */
export function hasMediaSourceInWorker(): boolean {
  const { MediaSource: source } = globalThis as {
    MediaSource?: { readonly canConstructInDedicatedWorker?: boolean };
  };
  return source?.canConstructInDedicatedWorker === true && "Worker" in globalThis;
}

/**
 * The choice where the first path can be taken, as in most browsers: they need not load how all the others are chosen.
 * It says what `choosePath` would say.
 *
 * @returns undefined where another path may have to be taken
 */
export function firstChoice(
  wanted: readonly PlayerPath[] | undefined,
  refused: Refused,
): PathChoice | undefined {
  const path = "mse-worker";
  if ((wanted?.[0] ?? path) !== path || refused[path] !== undefined || !hasMediaSourceInWorker())
    return undefined;
  return { path, steps: [{ path, taken: true, reason: "media sources work in workers" }] };
}

import { median } from "../../../bench/figures.js";
import type { Shown } from "./watch.js";

/** Back is within this of where it was, milliseconds: jitter, and the time between two pictures. */
const NEAR_MS = 100;
/** And stays so for this long, milliseconds. */
const STAYS_MS = 2000;

/** What was usual before a trouble, milliseconds. */
export interface Usual {
  readonly age: number;
  /** Beyond the delay that is aimed at: encoding, decoding, the screen. */
  readonly excess: number;
}

export function usualOf(shown: readonly Shown[]): Usual {
  return {
    age: median(shown.map(({ age }) => age)),
    excess: median(shown.map(({ age, target }) => age - target)),
  };
}

/**
 * How long after the trouble's end the delay is back, and stays: milliseconds, NaN for never.
 *
 * @param shown until STAYS_MS after that at least
 * @param endedAt since load(), as the pictures have it
 * @returns `atTarget` at the delay that the player aims at now, which jitter may have raised; `asBefore` at the delay
 * that it had before
 */
export function backAfter(
  shown: readonly Shown[],
  endedAt: number,
  usual: Usual,
): { readonly atTarget: number; readonly asBefore: number } {
  const after = shown.filter(({ at }) => at >= endedAt);
  const last = after.at(-1)?.at ?? endedAt;
  const since = (isBack: (picture: Shown) => boolean): number => {
    const at = after[after.findLastIndex((picture) => !isBack(picture)) + 1]?.at;
    return at === undefined || last - at < STAYS_MS ? Number.NaN : at - endedAt;
  };
  return {
    atTarget: since(({ age, target }) => age - target <= usual.excess + NEAR_MS),
    asBefore: since(({ age }) => age <= usual.age + NEAR_MS),
  };
}

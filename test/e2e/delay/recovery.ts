import { median } from "../../../bench/figures.js";
import type { Shown } from "./watch.js";

/** Back is within this of where it was, milliseconds: jitter, and the time between two pictures. */
const NEAR_MS = 100;
/** And stays so for this long, milliseconds. */
const STAYS_MS = 2000;
/** This share of its pictures: one that is late by chance is no trouble. */
const MOST = 0.9;

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
 * @returns `back` at the delay that the player aims at, which the trouble may have raised, or at the one that it had
 * before; `asBefore` at that one
 */
export function backAfter(
  shown: readonly Shown[],
  endedAt: number,
  usual: Usual,
): { readonly back: number; readonly asBefore: number } {
  const after = shown.filter(({ at }) => at >= endedAt);
  const last = after.at(-1)?.at ?? endedAt;
  const since = (allowed: (picture: Shown) => number): number => {
    const isBack = after.map((picture) => picture.age <= allowed(picture) + NEAR_MS);
    const at = after.find((picture, i) => {
      if (!isBack[i] || last - picture.at < STAYS_MS) return false;
      const then = isBack.slice(i).filter((_, j) => (after[i + j]?.at ?? 0) - picture.at < STAYS_MS);
      return then.filter(Boolean).length >= MOST * then.length;
    })?.at;
    return at === undefined ? Number.NaN : at - endedAt;
  };
  return {
    back: since(({ target }) => Math.max(usual.age, target + usual.excess)),
    asBefore: since(() => usual.age),
  };
}

import type { Heard } from "./listen.js";
import { TONE_ROUND_MS } from "./tone-code.js";
import type { Shown } from "./watch.js";

/** Pictures this near to a tone say what was on the screen then, milliseconds. */
const NEAR_MS = 300;

/**
 * How much later than its picture the sound is heard, for each tone that was heard while pictures were shown:
 * milliseconds, below 0 where it is early. At most half a round of tones can be told.
 */
export function syncOffsets(shown: readonly Shown[], heard: readonly Heard[]): number[] {
  return heard.flatMap(({ at, clock }) => {
    const near = shown.filter((picture) => Math.abs(picture.at - at) < NEAR_MS);
    // The stream's clock 0 on the page's, by what is seen and by what is heard.
    const seen = near.map((picture) => picture.at - picture.clock).sort((a, b) => a - b);
    const base = seen[Math.floor(seen.length / 2)];
    if (base === undefined) return [];
    const off = (((at - clock - base) % TONE_ROUND_MS) + TONE_ROUND_MS) % TONE_ROUND_MS;
    return [off > TONE_ROUND_MS / 2 ? off - TONE_ROUND_MS : off];
  });
}

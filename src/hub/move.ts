import { sameConfig } from "../media/model/packet.js";
import type { Track } from "../media/model/track.js";
import type { Batch } from "./batch.js";
import type { Packager } from "./packager.js";
import type { Subscriber } from "./subscriber.js";
import type { Variant } from "./variant.js";

/** How a reader goes on in a packager of another stream. */
export interface Move {
  /** What it goes on in. */
  readonly packager: Packager;
  /**
   * The batch to go on with in place of this one, which begins with a key frame; `wait` where that may still come,
   * undefined where there is none at that moment.
   */
  find(batch: Batch): Batch | "wait" | undefined;
  /** The reader has gone over. @returns what it calls when it is gone */
  arrived(reader: Subscriber): (gone: Subscriber) => void;
  /** The reader stays where it is. */
  abandoned(reader: Subscriber): void;
}

/**
 * Whether a reader that was told of these tracks can go on with those: the same set, and each in a configuration that its
 * format can change to.
 */
export function canFollow(
  format: Variant["format"],
  from: readonly Track[],
  to: readonly Track[],
): format is NonNullable<Variant["format"]> {
  return (
    format !== undefined &&
    from.length === to.length &&
    from.every((track) => {
      const next = to.find(({ id }) => id === track.id);
      return (
        next !== undefined &&
        format.carries(next) &&
        (sameConfig(track, next) || format.canChange(track, next))
      );
    })
  );
}

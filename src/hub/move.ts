import { sameConfig } from "../media/model/packet.js";
import type { Track } from "../media/model/track.js";
import type { Batch } from "./batch.js";
import type { Packager } from "./packager.js";
import { Refused } from "./refused.js";
import type { Subscriber } from "./subscriber.js";
import type { Variant } from "./variant.js";

/**
 * Why a reader cannot be moved: nothing says, so far, that both streams are of one clock; or its format, or what both
 * streams consist of, does not allow it.
 */
export type Unmoved = "clock" | "format";

/** What becomes of a reader that is to be moved. */
export interface MoveListener {
  /** It has gone over. */
  moved(): void;
  /** It stays where it is. */
  stayed(): void;
}

/** A stream, as somewhere to be moved from or to. */
export interface Place {
  readonly readers: Set<Subscriber>;
  /** The highest dts that has been put in order; undefined where nothing is. */
  passed(): number | undefined;
  /** Whether it can be cut for all tracks at this key frame. */
  isCut(dts: number): boolean;
  /** @param zero where its timestamps begin, microseconds on the timeline @throws Refused */
  packagerFor(variant: Pick<Variant, "format" | "selection">, zero: number): Packager;
  /** Nobody wants it any more, unless somebody else does. */
  release(packager: Packager): void;
}

export interface Places {
  readonly from: Place;
  readonly to: Place;
  /** Microseconds to add to a time here for the same moment there; undefined where that is not known. */
  shift(): number | undefined;
}

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

/** Has a reader go on in another stream: see `Stream.move`. @returns undefined where it has begun, else why not */
export function moveReader(reader: Subscriber, places: Places, listener: MoveListener): Unmoved | undefined {
  const { from, to } = places;
  const { format, selection, onePublication, zero } = reader.packager.variant;
  if (onePublication || !selection.video || !from.readers.has(reader)) return "format";
  const shift = places.shift();
  if (shift === undefined) return "clock";
  let packager: Packager;
  try {
    // Its timestamps go on: the container's zero lies at the same moment.
    packager = to.packagerFor({ format, selection }, zero + shift);
  } catch (error) {
    if (error instanceof Refused) return "format";
    throw error;
  }
  if (!canFollow(format, reader.packager.tracks, packager.tracks)) {
    to.release(packager);
    return "format";
  }
  reader.move({
    packager,
    find: ({ dts }) => (places.shift() === shift ? counterpart(dts, places, packager, shift) : undefined),
    arrived(moved) {
      to.readers.add(moved);
      listener.moved();
      return (gone) => {
        to.readers.delete(gone);
        to.release(packager);
      };
    },
    abandoned() {
      to.release(packager);
      listener.stayed();
    },
  });
  return undefined;
}

/** The batch of the other stream that begins with the same moment's key frame, or whether that may still come. */
function counterpart(
  dts: number,
  { from, to }: Places,
  packager: Packager,
  shift: number,
): Batch | "wait" | undefined {
  const there = dts + shift;
  if (!from.isCut(dts) || packager.ended !== undefined) return undefined;
  const batch = to.isCut(there) ? packager.ring.keyAt(there) : undefined;
  if (batch !== undefined) return batch;
  // A key frame that has come may still be in the batch that is being written.
  const newest = packager.ring.head?.dts ?? Number.NEGATIVE_INFINITY;
  const toCome = (to.passed() ?? Number.POSITIVE_INFINITY) < there;
  return toCome || (to.isCut(there) && newest < there) ? "wait" : undefined;
}

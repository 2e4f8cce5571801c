import type { Packet } from "../../../media/model/packet.js";

/** A track that ends this much after the picture is part of the clip; less is the sound's last frame. */
const MAX_TAIL_MICROS = 1_000_000;
const DEFAULT_FRAME_MICROS = 40_000;

/** Places the rounds of a looping clip one after another. */
export interface LoopClock {
  /** What to add to the packet's times in this round; undefined for one that the round before has covered already. */
  place(packet: Packet): number | undefined;
  endRound(): void;
}

interface Extent {
  readonly first: number;
  last: number;
  intervals: number;
}

/**
 * The next round begins one frame of the leading track (the picture, where there is one) after its last frame, so that
 * its spacing goes on without a seam. Sound that hangs over the end takes the place of the next round's first frames:
 * they would come before it.
 */
export function createLoopClock(): LoopClock {
  let offset = 0;
  let extents = new Map<Packet["track"]["kind"], Extent>();
  /** Where each kind of track has got to, one frame after its last. */
  const covered = new Map<Packet["track"]["kind"], { readonly until: number; readonly frame: number }>();

  return {
    place({ track: { kind }, dts }) {
      const extent = extents.get(kind);
      if (extent === undefined) extents.set(kind, { first: dts, last: dts, intervals: 0 });
      else {
        extent.last = dts;
        extent.intervals += 1;
      }
      const before = covered.get(kind);
      // Half a frame: times in a file are rounded.
      return before !== undefined && dts + offset < before.until - before.frame / 2 ? undefined : offset;
    },
    endRound() {
      const leading = extents.get("video") ?? extents.get("audio");
      if (leading === undefined) return;
      covered.clear();
      let end = endOf(leading);
      for (const [kind, extent] of extents) {
        covered.set(kind, { until: endOf(extent) + offset, frame: frameOf(extent) });
        if (endOf(extent) > end + MAX_TAIL_MICROS) end = endOf(extent);
      }
      offset += end - leading.first;
      extents = new Map();
    },
  };
}

/** The mean distance of its frames: single ones are rounded to the file's milliseconds. */
function frameOf({ first, last, intervals }: Extent): number {
  return intervals === 0 ? DEFAULT_FRAME_MICROS : (last - first) / intervals;
}

function endOf(extent: Extent): number {
  return Math.round(extent.last + frameOf(extent));
}

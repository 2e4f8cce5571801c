import type { Batch } from "../../src/hub/batch.js";
import type { HubReason } from "../../src/hub/reason.js";
import type { Drop, Sink } from "../../src/hub/sink.js";
import { readToy, text } from "./toy-format.js";

/** A sink that remembers, and is busy when told to be. */
export interface RecordingSink extends Sink {
  readonly batches: Batch[];
  readonly drops: Drop[];
  readonly ends: HubReason[];
  /** It takes nothing while this is set. */
  busy: boolean;
  /** Is called in each `accept` that takes a batch, before it returns. */
  onAccept: ((batch: Batch) => void) | undefined;
  /** Is called in `end`. */
  onEnd: (() => void) | undefined;
  /** The data of the packets it got; for toy bytes also the other records, in brackets. */
  readonly log: string[];
}

export function recordingSink(): RecordingSink {
  const batches: Batch[] = [];
  const drops: Drop[] = [];
  const ends: HubReason[] = [];
  return {
    batches,
    drops,
    ends,
    busy: false,
    onAccept: undefined,
    onEnd: undefined,
    accept(batch) {
      if (this.busy) return "busy";
      batches.push(batch);
      this.onAccept?.(batch);
      return "ok";
    },
    dropped(drop) {
      drops.push(drop);
    },
    end(reason) {
      ends.push(reason);
      this.onEnd?.();
    },
    get log() {
      return batches.flatMap((batch) => [
        ...batch.packets.map(({ data }) => text(data)),
        ...readToy(batch.bytes).map((record) => {
          if (record.t === "packet") return record.data;
          if (record.t === "start") return `[start ${record.tracks.join(" ")}]`;
          return record.t === "config" ? `[config ${record.track}]` : `[late ${record.id}]`;
        }),
      ]);
    },
  };
}

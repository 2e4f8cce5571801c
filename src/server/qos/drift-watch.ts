import type { Hub } from "../../hub/hub.js";
import type { Publisher } from "../../hub/publisher.js";
import type { Scheduler } from "../../hub/scheduler.js";
import { ClockDriftEstimator, type Drift } from "../../media/model/drift.js";

const PERIOD_MS = 1_000;

/** The drift of one stream's publisher. */
export interface StreamDrift extends Drift {
  /** The stream's name. */
  readonly stream: string;
}

/** Watches the clocks of all publishers of this process. */
export interface DriftWatch {
  /** As of now: worked out when it is asked for. */
  readonly drifts: readonly StreamDrift[];
  close(): void;
}

/** One look a second at each publisher, whatever it sends. */
export function watchDrift(hub: Pick<Hub, "streams">, scheduler: Scheduler): DriftWatch {
  let known = new Map<Publisher, { readonly stream: string; readonly estimator: ClockDriftEstimator }>();
  const close = scheduler.every(PERIOD_MS, () => {
    const present: typeof known = new Map();
    for (const { name, publisher } of hub.streams) {
      // What comes from another process has its publisher's clock there.
      if (publisher === undefined || publisher.placed) continue;
      const entry = known.get(publisher) ?? { stream: name, estimator: new ClockDriftEstimator() };
      present.set(publisher, entry);
      const least = publisher.takeLeastDelay();
      if (least !== undefined) entry.estimator.add(least.at, least.delay);
    }
    known = present;
  });
  return {
    get drifts() {
      return [...known.values()].map(({ stream, estimator }) => ({ stream, ...estimator.drift }));
    },
    close,
  };
}

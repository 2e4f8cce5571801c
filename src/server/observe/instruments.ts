import type { Hub } from "../../hub/hub.js";
import type { Scheduler } from "../../hub/scheduler.js";
import type { WorkProbe } from "../../hub/work.js";
import { type StreamDrift, watchDrift } from "../qos/drift-watch.js";
import type { Fellows } from "./fellows.js";
import type { OpsRoutes } from "./ops-server.js";
import { profileRoutes } from "./profile-routes.js";
import { createRecorder, type Recorder } from "./recorder.js";
import { createLiveFeed, type LiveFeed, samplesRoutes } from "./samples-route.js";

export interface InstrumentsInit {
  readonly hub: Hub;
  readonly scheduler: Scheduler;
  /** Where the hub and the protocols say what they are at. */
  readonly probe: WorkProbe;
}

/** What one process can tell of itself to whoever asks. */
export interface Instruments {
  readonly recorder: Recorder;
  readonly feed: LiveFeed;
  /** How the publishers' clocks run beside ours. */
  readonly drifts: readonly StreamDrift[];
  /** `/debug/pprof/…`. @param fellows the other processes, where this one speaks for them too */
  routes(fellows: Fellows | undefined): OpsRoutes;
  /** Ends all that is being recorded. Idempotent. */
  close(): void;
}

export function createInstruments({ hub, scheduler, probe }: InstrumentsInit): Instruments {
  const recorder = createRecorder({ scheduler, probe });
  const drift = watchDrift(hub, scheduler);
  const feed = createLiveFeed(recorder, () => drift.drifts);
  return {
    recorder,
    feed,
    get drifts() {
      return drift.drifts;
    },
    routes: (fellows) => ({
      ...profileRoutes({ recorder, fellows, wall: scheduler.wall }),
      ...samplesRoutes(feed, fellows),
    }),
    close() {
      recorder.close();
      drift.close();
    },
  };
}

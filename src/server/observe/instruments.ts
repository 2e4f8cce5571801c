import type { Hub } from "../../hub/hub.js";
import type { Scheduler } from "../../hub/scheduler.js";
import type { WorkProbe } from "../../hub/work.js";
import { createSocketRtts } from "../net/socket-rtt.js";
import { createQos, type LatestReports, type Qos, type WatchedViewer } from "../qos/collector.js";
import { type StreamDrift, watchDrift } from "../qos/drift-watch.js";
import type { Fellows } from "./fellows.js";
import type { OpsRoutes } from "./ops-server.js";
import { profileRoutes } from "./profile-routes.js";
import { qosRoutes } from "./qos-route.js";
import { createRecorder } from "./recorder.js";
import type { QosRequest, RecordingRequest } from "./recording.js";
import { createLiveFeed, type LiveFeed, samplesRoutes } from "./samples-route.js";

export interface InstrumentsInit {
  readonly hub: Hub;
  readonly scheduler: Scheduler;
  /** Where the hub and the protocols say what they are at. */
  readonly probe: WorkProbe;
  readonly viewers: Iterable<WatchedViewer>;
  /** What players have said of themselves. */
  readonly reports: LatestReports;
}

/** What one process can tell of itself to whoever asks. */
export interface Instruments {
  /** How its viewers fare. */
  readonly qos: Qos;
  /** Records for another process, see Recorder; what viewers fare like as the JSON of rows. */
  record(request: RecordingRequest | QosRequest, signal: AbortSignal): Promise<Buffer | undefined>;
  readonly feed: LiveFeed;
  /** How the publishers' clocks run beside ours. */
  readonly drifts: readonly StreamDrift[];
  /** `/debug/pprof/…`. @param fellows the other processes, where this one speaks for them too */
  routes(fellows: Fellows | undefined): OpsRoutes;
  /** Ends all that is being recorded. Idempotent. */
  close(): void;
}

export function createInstruments({ hub, scheduler, probe, viewers, reports }: InstrumentsInit): Instruments {
  const recorder = createRecorder({ scheduler, probe });
  const qos = createQos({ scheduler, viewers: () => viewers, reports, kernel: createSocketRtts(scheduler) });
  const drift = watchDrift(hub, scheduler);
  const feed = createLiveFeed(recorder, () => drift.drifts);
  return {
    qos,
    feed,
    get drifts() {
      return drift.drifts;
    },
    async record(request, signal) {
      if (request.what !== "qos") return recorder.record(request, signal);
      return Buffer.from(JSON.stringify(await qos.rows()));
    },
    routes: (fellows) => ({
      ...qosRoutes({ qos, fellows, wall: scheduler.wall }),
      ...profileRoutes({ recorder, fellows, wall: scheduler.wall }),
      ...samplesRoutes(feed, fellows),
    }),
    close() {
      recorder.close();
      drift.close();
      qos.close();
    },
  };
}

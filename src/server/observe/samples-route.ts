import type { IncomingMessage, ServerResponse } from "node:http";
import type { StreamDrift } from "../qos/drift-watch.js";
import type { Fellows } from "./fellows.js";
import { type ClockDrift, type LiveSlice, liveSamples } from "./live-slice.js";
import { type LoopWatch, watchLoop } from "./loop-watch.js";
import { type OpsRoutes, replyText } from "./ops-server.js";
import { goneSignal, MAIN, PERIOD_MICROS, readNumber, readQuery } from "./profile-routes.js";
import { type Recorder, recordingProblem } from "./recorder.js";
import type { Slice } from "./sampler.js";

/** The finest that stays under 2 % of a core: docs/profiling.md has the figures. */
export const LIVE_PERIOD_MICROS = 20_000;
/** What waits for a reader who does not take it: over this it is cut off. */
const MAX_UNREAD_BYTES = 4 * 1024 * 1024;

/** Slices of what this process does, for any number who read. */
export interface LiveFeed {
  /** @returns ends it @throws Unshareable, ProfilerMissing */
  follow(periodMicros: number, onSlice: (slice: LiveSlice) => void, onEnd: () => void): Promise<() => void>;
}

export function createLiveFeed(recorder: Recorder, drifts: () => readonly StreamDrift[]): LiveFeed {
  let loop: LoopWatch | undefined;
  let readers = 0;
  /** The slice that all get, made once. */
  let made: { readonly of: Slice; readonly slice: LiveSlice } | undefined;

  function make(of: Slice): LiveSlice {
    if (made?.of === of) return made.slice;
    const { from, to, periodMicros: period } = of;
    const watched = loop?.take() ?? { gc: [], loopDelay: { min: 0, mean: 0, p99: 0, max: 0 } };
    const slice = { from, to, period, ...liveSamples(of), ...watched, drift: drifts().map(clockDrift) };
    made = { of, slice };
    return slice;
  }

  return {
    async follow(periodMicros, onSlice, onEnd) {
      readers += 1;
      loop ??= watchLoop();
      let over = false;
      const release = (): void => {
        if (over) return;
        over = true;
        readers -= 1;
        if (readers > 0) return;
        loop?.close();
        loop = undefined;
        made = undefined;
      };
      try {
        const remove = await recorder.sample({
          periodMicros,
          times: true,
          onSlice: (slice) => onSlice(make(slice)),
          onEnd() {
            release();
            onEnd();
          },
        });
        return () => {
          remove();
          release();
        };
      } catch (error) {
        release();
        throw error;
      }
    },
  };
}

function clockDrift({ stream, ppm, offset, span }: StreamDrift): ClockDrift {
  return { stream, ppm: ppm === undefined ? undefined : Math.round(ppm * 100) / 100, offset, span };
}

/** `/debug/pprof/samples`: server-sent events (https://html.spec.whatwg.org/#server-sent-events), one for each slice. */
export function samplesRoutes(feed: LiveFeed, fellows: Fellows | undefined): OpsRoutes {
  return { "/debug/pprof/samples": (request, response) => stream(feed, fellows, request, response) };
}

async function stream(
  feed: LiveFeed,
  fellows: Fellows | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const periodMicros = readNumber(readQuery(request), "period", LIVE_PERIOD_MICROS, PERIOD_MICROS);
  if (typeof periodMicros === "string") {
    replyText(response, 400, `${periodMicros}\n`);
    return;
  }
  const signal = goneSignal(response);
  const send = (slice: LiveSlice, worker?: string): void => {
    if (signal.aborted || response.writableEnded) return;
    if (response.writableLength > MAX_UNREAD_BYTES) {
      response.destroy();
      return;
    }
    const data = JSON.stringify(worker === undefined ? slice : { worker, ...slice });
    response.write(`event: slice\ndata: ${data}\n\n`);
  };
  let stop: () => void;
  try {
    stop = await feed.follow(
      periodMicros,
      (slice) => send(slice, fellows === undefined ? undefined : MAIN),
      () => response.end(),
    );
  } catch (error) {
    const problem = recordingProblem(error);
    if (problem === undefined) throw error;
    replyText(response, problem.status, `${problem.reason}\n`);
    return;
  }
  if (signal.aborted) {
    stop();
    return;
  }
  signal.addEventListener("abort", stop);
  response.writeHead(200, {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
    "X-Content-Type-Options": "nosniff",
  });
  response.flushHeaders();
  await fellows?.sample(
    periodMicros,
    (worker, slices) => {
      for (const slice of slices) send(slice, worker);
    },
    signal,
  );
}

import type { Pipeline, PipelineEvents, Progress } from "../pipeline/pipeline.js";

/**
 * The browser has wanted nothing for this long: then nothing is fetched either, and a phone's radio can rest.
 * Milliseconds; what comes until then waits.
 */
const LINGER_MS = 2000;

/** A ManagedMediaSource, as far as it is more than a MediaSource. */
type Events = Pick<EventTarget, "addEventListener">;

/** Goes by what a ManagedMediaSource asks for. */
export interface StreamingGate {
  /** What the pipeline is to be made with. */
  readonly events: PipelineEvents;
  /** Another source is in use: it is listened to, and the one before no more. */
  watch(source: Events): void;
  /** The pipeline that fetches and appends only while the source wants media. */
  around(pipeline: Pipeline): Pipeline;
}

/**
 * Between `endstreaming` and `startstreaming` nothing is appended, and soon nothing fetched (Media Source Extensions
 * section 10.2). Before the first of them a source wants media: WebKit's does, and waiting for it would cost time.
 * Afterwards the stream comes in from its live edge, and the playhead jumps there.
 */
export function createStreamingGate(events: PipelineEvents): StreamingGate {
  let inner: Pipeline | undefined;
  let current: Events | undefined;
  let wanted = true;
  /** The connection was ended because nothing is wanted. */
  let paused = false;
  let stopped = false;
  let resume: (() => void) | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last: Progress | undefined;

  function want(on: boolean): void {
    if (wanted === on) return;
    wanted = on;
    clearTimeout(timer);
    inner?.hold?.(!on);
    if (last !== undefined) {
      // What did not come meanwhile was not to come: the connection has its time from now on.
      const lastByteAt = performance.timeOrigin + performance.now();
      events.progress({ ...last, lastByteAt, idle: !on });
    }
    if (on) resume?.();
    else {
      timer = setTimeout(() => {
        paused = true;
        inner?.disconnect();
      }, LINGER_MS);
    }
  }

  function forget(): void {
    current = undefined;
    want(true);
  }

  return {
    events: {
      ...events,
      progress(progress) {
        last = progress;
        events.progress(wanted ? progress : { ...progress, idle: true });
      },
    },
    watch(source) {
      forget();
      current = source;
      for (const [name, on] of [
        ["startstreaming", true],
        ["endstreaming", false],
      ] as const) {
        source.addEventListener(name, () => {
          if (current === source) want(on);
        });
      }
    },
    around(pipeline) {
      inner = pipeline;
      return {
        ...pipeline,
        async connect() {
          stopped = false;
          for (;;) {
            if (!wanted) {
              await new Promise<void>((resolve) => {
                resume = resolve;
              });
            }
            if (stopped) return { kind: "disconnected" };
            paused = false;
            const end = await pipeline.connect();
            if (!paused || stopped || end.kind !== "disconnected") return end;
          }
        },
        disconnect() {
          stopped = true;
          resume?.();
          pipeline.disconnect();
        },
        closeSink() {
          forget();
          pipeline.closeSink();
        },
        close() {
          stopped = true;
          current = undefined;
          clearTimeout(timer);
          resume?.();
          pipeline.close();
        },
      };
    },
  };
}

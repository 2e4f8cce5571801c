import type { Engine, EngineEvents } from "../engine.js";
import type { EdgeLimits } from "../latency/edge-control.js";
import type { ConnectionEnd, Pipeline, PipelineEvents, Progress } from "../pipeline/pipeline.js";
import { playVideo } from "../play-video.js";
import { SourceError } from "../source/source.js";
import { Playhead } from "./playhead.js";

/** The playhead is looked after this often where nothing comes, milliseconds. */
const TICK_MS = 100;
/** What was played is freed this often, milliseconds. */
const FREE_MS = 1000;
/** Paused for long, it keeps no more than this behind the live edge, seconds. */
const PAUSED_KEEPS = 4;

export interface MseSettings extends EdgeLimits {
  readonly autoplay: boolean;
  readonly backBufferMs: number;
}

/** The pipeline of a page's own thread or a worker's: it gets the events and puts its source on the element. */
export type PipelineStart = (
  events: PipelineEvents,
  onSource: (on: boolean) => void,
) => Promise<Pipeline | undefined>;

/**
 * Plays through Media Source Extensions.
 *
 * @returns undefined where the pipeline cannot be had
 */
export async function startMseEngine(
  video: HTMLVideoElement,
  start: PipelineStart,
  settings: MseSettings,
  events: EngineEvents,
): Promise<Engine | undefined> {
  const playhead = new Playhead(video, settings);
  let wantsToPlay = settings.autoplay;
  let progress: Progress | undefined;
  /** Why the connection is being ended by us. */
  let cut: SourceError | undefined;
  let freedAt = 0;
  let attached = false;
  let closed = false;

  const started = await start(
    {
      tracks: events.tracks,
      progress(told) {
        progress = told;
        events.progress(told);
        look();
      },
      sinkFailed: (message) =>
        giveUpSink(new SourceError("append-failed", `the browser refused it: ${message}`)),
    },
    onSource,
  );
  if (started === undefined) return undefined;
  const pipeline = started;

  const now = (): number => performance.timeOrigin + performance.now();

  function onSource(on: boolean): void {
    // Taking the source away pauses the element: remember what its user wanted.
    if (attached && !on && playhead.placed) wantsToPlay = !video.paused;
    attached = on;
    playhead.restart(now());
    if (on && wantsToPlay) play();
  }

  function play(): void {
    playVideo(video, (message) => {
      if (!closed) events.trouble(new SourceError("autoplay-blocked", message));
    });
  }

  /** Begins anew with another media source and another connection. */
  function giveUpSink(error: SourceError): void {
    if (!attached) return;
    pipeline.closeSink();
    disconnect(error);
  }

  function disconnect(error?: SourceError): void {
    cut = error;
    pipeline.disconnect();
  }

  function look(): void {
    if (!attached || closed) return;
    const at = now();
    if (progress !== undefined && playhead.isStuck(progress.end, progress.lastByteAt, at)) {
      giveUpSink(new SourceError("stuck", "there is media, but the browser does not play it"));
      return;
    }
    playhead.look(progress?.arrivals, at);
    if (at - freedAt < FREE_MS || progress === undefined) return;
    freedAt = at;
    const needed = Math.max(video.currentTime, progress.end - PAUSED_KEEPS);
    pipeline.position(video.currentTime, needed - settings.backBufferMs / 1000);
  }

  const listeners: Readonly<Record<string, () => void>> = {
    playing() {
      playhead.moves(now());
      events.playing();
    },
    waiting() {
      playhead.stalled(now());
      look();
    },
    error() {
      const { error } = video;
      if (!attached || error === null) return;
      giveUpSink(new SourceError("append-failed", `the browser could not decode it: ${error.message}`));
    },
  };
  for (const [name, listener] of Object.entries(listeners)) video.addEventListener(name, listener);
  const timer = setInterval(look, TICK_MS);

  return {
    get state() {
      if (!playhead.placed) return "buffering";
      return video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA ? "playing" : "waiting";
    },
    async connect(): Promise<ConnectionEnd> {
      cut = undefined;
      progress = undefined;
      const end = await pipeline.connect();
      return end.kind === "disconnected" && cut !== undefined ? { kind: "failed", error: cut } : end;
    },
    disconnect,
    say: pipeline.say,
    stats() {
      const quality = video.getVideoPlaybackQuality();
      return {
        width: video.videoWidth,
        height: video.videoHeight,
        decodedFrames: quality.totalVideoFrames,
        droppedFrames: quality.droppedVideoFrames,
        playbackRate: video.playbackRate,
        ...playhead.stats(),
      };
    },
    close() {
      if (closed) return;
      closed = true;
      clearInterval(timer);
      for (const [name, listener] of Object.entries(listeners)) video.removeEventListener(name, listener);
      pipeline.close();
    },
  };
}

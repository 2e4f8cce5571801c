import { type Engine, type EngineEvents, unseenProgress } from "../engine.js";
import { playlistUrl } from "../path/probe-hls.js";
import type { ConnectionEnd } from "../pipeline/pipeline.js";
import { playVideo } from "../play-video.js";
import { SourceError } from "../source/source.js";

/** A picture that stands longer than this is a freeze, milliseconds. */
const FREEZE_MS = 200;
/** Who comes back from a pause further behind than this goes on at the live edge, seconds. */
const TOO_FAR = 30;

/** A media element that knows which moment its time 0 was, from EXT-X-PROGRAM-DATE-TIME: Safari's. */
type Dated = HTMLVideoElement & { getStartDate?(): Date };

/** Has the browser play the stream's HLS by itself: seconds behind, and hardly anything to be told of it. */
export function startHlsEngine(
  video: HTMLVideoElement,
  url: string,
  settings: { readonly autoplay: boolean },
  events: EngineEvents,
): Engine {
  let settle: ((end: ConnectionEnd) => void) | undefined;
  let waitingSince: number | undefined;
  let begun = false;
  let freezes = 0;
  let frozenMs = 0;
  let jumps = 0;
  const now = (): number => performance.timeOrigin + performance.now();

  function end(how: ConnectionEnd): void {
    const told = settle;
    settle = undefined;
    if (told === undefined) return;
    video.removeAttribute("src");
    video.load();
    told(how);
  }

  function edge(): number | undefined {
    const { seekable } = video;
    return seekable.length === 0 ? undefined : seekable.end(seekable.length - 1);
  }

  function latencyMs(): number {
    const { currentTime } = video;
    const zero = (video as Dated).getStartDate?.().getTime() ?? Number.NaN;
    if (Number.isFinite(zero)) return Math.max(0, now() - zero - 1000 * currentTime);
    return Math.max(0, 1000 * ((edge() ?? currentTime) - currentTime));
  }

  /** Nobody tells what comes in: what happens to the element stands for it. */
  function progress(): void {
    if (settle === undefined) return;
    // Paused, it stops loading by itself.
    events.progress({ ...unseenProgress(now()), idle: video.paused });
  }

  const listeners: Readonly<Record<string, () => void>> = {
    progress,
    timeupdate: progress,
    pause: progress,
    play() {
      const live = edge();
      if (live !== undefined && live - video.currentTime > TOO_FAR) {
        jumps += 1;
        video.currentTime = live;
      }
      progress();
    },
    playing() {
      const stood = waitingSince === undefined ? 0 : now() - waitingSince;
      waitingSince = undefined;
      if (stood > FREEZE_MS) {
        freezes += 1;
        frozenMs += stood;
      }
      begun = true;
      events.playing();
    },
    waiting() {
      if (begun && !video.seeking && !video.paused) waitingSince ??= now();
    },
    ended: () => end({ kind: "ended" }),
    error() {
      const told = video.error?.message ?? "";
      const message = `the browser could not play the HLS${told === "" ? "" : `: ${told}`}`;
      end({ kind: "failed", error: { code: "unreachable", message, fatal: false } });
    },
  };
  for (const [name, listener] of Object.entries(listeners)) video.addEventListener(name, listener);

  return {
    get state() {
      if (!begun) return "buffering";
      return video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA ? "playing" : "waiting";
    },
    connect: () =>
      new Promise((resolve) => {
        settle = resolve;
        begun = false;
        video.src = playlistUrl(url);
        if (!settings.autoplay) return;
        playVideo(video, (message) => events.trouble(new SourceError("autoplay-blocked", message)));
      }),
    disconnect: (error) => end(error === undefined ? { kind: "disconnected" } : { kind: "failed", error }),
    say: () => {},
    stats() {
      const quality = video.getVideoPlaybackQuality();
      const { buffered, currentTime } = video;
      const ahead = buffered.length === 0 ? 0 : buffered.end(buffered.length - 1) - currentTime;
      return {
        width: video.videoWidth,
        height: video.videoHeight,
        latencyMs: latencyMs(),
        targetLatencyMs: 0,
        bufferMs: Math.max(0, 1000 * ahead),
        decodedFrames: quality.totalVideoFrames,
        droppedFrames: quality.droppedVideoFrames,
        freezes,
        frozenMs,
        playbackRate: video.playbackRate,
        jumps,
      };
    },
    close() {
      for (const [name, listener] of Object.entries(listeners)) video.removeEventListener(name, listener);
      end({ kind: "disconnected" });
    },
  };
}

import { MediaError } from "../media/model/error.js";
import type { Track } from "../media/model/track.js";
import { MediaSink, unsupportedTrack } from "./buffer/media-sink.js";
import { createEmitter } from "./emitter.js";
import { correctPlayhead, rangeAt } from "./latency/live-edge.js";
import { Remuxer } from "./remux.js";
import { backoffMs } from "./source/backoff.js";
import { fetchSource } from "./source/fetch.js";
import { type Source, SourceError } from "./source/source.js";
import { webSocketSource, webSocketUrl } from "./source/websocket.js";
import type {
  Player,
  PlayerError,
  PlayerErrorKind,
  PlayerEvents,
  PlayerOptions,
  PlayerState,
  PlayerStats,
} from "./types.js";

const TICK_MS = 250;
/** The bitrate is measured over this long, milliseconds. */
const RATE_WINDOW_MS = 2000;

const DEFAULTS = {
  autoplay: true,
  targetLatencyMs: 800,
  maxLatencyMs: 4000,
  backBufferMs: 10_000,
  stallTimeoutMs: 15_000,
  maxReconnects: Number.POSITIVE_INFINITY,
};

/** Ends a connection in order to begin the next at once. */
const REJOIN: unique symbol = Symbol("rejoin");

/**
 * Plays a live FLV stream in a video element and keeps near its live edge. It reconnects by itself until it is
 * destroyed; only an error that no attempt can mend stops it.
 *
 * @param url of the stream: http, https, ws, wss, or relative to the page
 * @throws TypeError for a wrong argument
 */
export function createPlayer(video: HTMLVideoElement, url: string, options: PlayerOptions = {}): Player {
  if (!(video instanceof HTMLVideoElement)) throw new TypeError("video: not a <video> element");
  if (typeof url !== "string" || url === "") throw new TypeError("url: not the address of a stream");
  const settings = { ...DEFAULTS, ...options };
  const address = new URL(url, document.baseURI).href;
  const overWebSocket =
    settings.transport === "ws" || (settings.transport === undefined && /^wss?:/.test(address));
  const source: Source = overWebSocket ? webSocketSource : fetchSource;
  const emitter = createEmitter<PlayerEvents>();
  const lifetime = new AbortController();
  const { signal } = lifetime;

  let state: PlayerState = "connecting";
  let sink: MediaSink | undefined;
  let tracks: readonly Track[] = [];
  let connection: AbortController | undefined;
  let attempt = 0;
  let reconnects = 0;
  let jumps = 0;
  let bytes = 0;
  let lastByteAt = 0;
  let shown = false;
  const received: { at: number; bytes: number }[] = [];

  if (settings.muted ?? settings.autoplay) video.muted = true;
  video.playsInline = true;

  function fail(kind: PlayerErrorKind, error: SourceError): void {
    const { code, fatal, message } = error;
    emitter.emit("error", { kind, code, fatal, message } satisfies PlayerError);
  }

  /** One connection from its first byte to its end. */
  async function connect(current: AbortController): Promise<void> {
    let failure: SourceError | undefined;
    const remuxer = new Remuxer({
      start(announced) {
        for (const track of announced) {
          failure ??= unsupportedTrack(track);
        }
        if (failure !== undefined) throw failure;
        tracks = announced;
        emitter.emit("tracks", { tracks });
        if (sink?.takes(announced)) {
          for (const track of announced) sink.changeTrack(track);
          return sink.end;
        }
        pending = { tracks: announced, segments: [] };
        void replaceSink(pending, current);
        return 0;
      },
      change(track) {
        failure = unsupportedTrack(track);
        if (failure !== undefined) throw failure;
        tracks = tracks.map((old) => (old.id === track.id ? track : old));
        emitter.emit("tracks", { tracks });
        if (pending === undefined) sink?.changeTrack(track);
        else pending.segments.push({ kind: track.kind, track });
      },
      segment(kind, segment) {
        if (pending === undefined) sink?.append(kind, segment);
        else pending.segments.push({ kind, bytes: segment });
      },
      lateTrack: () => current.abort(REJOIN),
    });
    resync = () => remuxer.resync();
    lastByteAt = performance.now();
    await source(overWebSocket ? webSocketUrl(address) : address, current.signal, (slice) => {
      lastByteAt = performance.now();
      bytes += slice.length;
      received.push({ at: lastByteAt, bytes: slice.length });
      if (state === "connecting") state = "buffering";
      remuxer.push(slice, (performance.timeOrigin + lastByteAt) * 1000);
      attempt = 0;
    });
  }

  /** What comes before the new MediaSource is open. */
  interface Pending {
    readonly tracks: readonly Track[];
    readonly segments: { kind: Track["kind"]; bytes?: Uint8Array; track?: Track }[];
  }
  let pending: Pending | undefined;
  let resync = (): void => {};

  async function replaceSink(next: Pending, current: AbortController): Promise<void> {
    sink?.close();
    sink = undefined;
    shown = false;
    try {
      const opened = await MediaSink.open(
        video,
        {
          failed: (message) => {
            sink?.close();
            sink = undefined;
            current.abort(new SourceError("append-failed", `the browser refused the media: ${message}`));
          },
          overflow: () => resync(),
          trimBefore: () => video.currentTime - 1,
        },
        signal,
      );
      if (pending !== next) {
        opened.close();
        return;
      }
      opened.addTracks(next.tracks);
      pending = undefined;
      sink = opened;
      for (const { kind, bytes: segment, track } of next.segments) {
        if (track !== undefined) opened.changeTrack(track);
        if (segment !== undefined) opened.append(kind, segment);
      }
      if (settings.autoplay) play();
    } catch (error) {
      if (signal.aborted) return;
      const message = error instanceof Error ? error.message : String(error);
      current.abort(new SourceError("append-failed", `the browser refused the media: ${message}`));
    }
  }

  function play(): void {
    video.play().catch((error: unknown) => {
      // AbortError: a pause or a new source came between; nothing to tell.
      if (signal.aborted || !(error instanceof DOMException) || error.name !== "NotAllowedError") return;
      const message = "the browser allows playback only after a click, or muted";
      fail("playback", new SourceError("autoplay-blocked", message));
    });
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      const current = new AbortController();
      connection = current;
      const stop = (): void => current.abort(signal.reason);
      signal.addEventListener("abort", stop);
      let reason = "the stream has ended";
      let rejoin = false;
      try {
        await connect(current);
      } catch (thrown) {
        if (signal.aborted) return;
        const error = current.signal.aborted ? current.signal.reason : thrown;
        rejoin = error === REJOIN;
        const told = rejoin ? undefined : asSourceError(error);
        reason = told?.message ?? "the stream has another track now";
        if (told !== undefined) {
          fail(kindOf(told), told);
          if (told.fatal) return stopFor("fatal");
        }
      } finally {
        signal.removeEventListener("abort", stop);
        // Whatever is still under way for this connection must not reach the next one.
        current.abort(REJOIN);
        pending = undefined;
      }
      if (attempt >= settings.maxReconnects) {
        fail("network", new SourceError("gave-up", `gave up after ${attempt} attempts: ${reason}`, true));
        return stopFor("fatal");
      }
      const delayMs = rejoin ? 0 : backoffMs(attempt, Math.random());
      state = "connecting";
      emitter.emit("reconnect", { attempt, delayMs, reason });
      attempt += 1;
      reconnects += 1;
      await sleep(delayMs, signal);
    }
  }

  function tick(): void {
    const now = performance.now();
    while (received[0] !== undefined && received[0].at < now - RATE_WINDOW_MS) received.shift();
    if (state !== "connecting" && now - lastByteAt > settings.stallTimeoutMs) {
      const message = `nothing came for ${settings.stallTimeoutMs} ms`;
      connection?.abort(new SourceError("timeout", message));
    }
    if (sink === undefined) return;
    const ranges = rangesOf(video.buffered);
    if (ranges.length === 0) return;
    if (!shown) start(ranges[0]?.start ?? 0);
    if (video.paused) {
      if (shown) sink.trim(video.currentTime - settings.backBufferMs / 1000);
      return;
    }
    const { seekTo, rate } = correctPlayhead(
      { currentTime: video.currentTime, ranges, rate: video.playbackRate },
      settings,
    );
    if (seekTo !== undefined) {
      jumps += 1;
      video.currentTime = seekTo;
    }
    if (video.playbackRate !== rate) video.playbackRate = rate;
    if (state !== "connecting")
      state = video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA ? "playing" : "waiting";
    sink.trim(video.currentTime - settings.backBufferMs / 1000);
  }

  function start(at: number): void {
    shown = true;
    if (video.currentTime < at) video.currentTime = at;
  }

  function onPlaying(): void {
    state = "playing";
    emitter.emit("playing", {});
  }

  function stopFor(reason: "destroyed" | "fatal"): void {
    if (state === "ended") return;
    state = "ended";
    clearInterval(timer);
    video.removeEventListener("playing", onPlaying);
    options.signal?.removeEventListener("abort", destroyNow);
    sink?.close();
    sink = undefined;
    lifetime.abort(new DOMException("the player was destroyed", "AbortError"));
    emitter.emit("ended", { reason });
    emitter.clear();
  }

  function destroyNow(): void {
    stopFor("destroyed");
  }

  const timer = setInterval(tick, TICK_MS);
  video.addEventListener("playing", onPlaying);
  options.signal?.addEventListener("abort", destroyNow);
  const running = run();
  if (options.signal?.aborted === true) destroyNow();

  return {
    get state() {
      return state;
    },
    on: emitter.on,
    stats: () => {
      const ranges = rangesOf(video.buffered);
      const newest = ranges[ranges.length - 1];
      const ahead = rangeAt(ranges, video.currentTime);
      const quality = video.getVideoPlaybackQuality();
      const span = Math.min(RATE_WINDOW_MS, performance.now() - (received[0]?.at ?? performance.now()));
      const recent = received.reduce((sum, each) => sum + each.bytes, 0);
      return {
        state,
        codecs: tracks.map(({ config }) => config.codec),
        width: video.videoWidth,
        height: video.videoHeight,
        latencyMs: newest === undefined ? 0 : Math.max(0, 1000 * (newest.end - video.currentTime)),
        bufferMs: ahead === undefined ? 0 : Math.max(0, 1000 * (ahead.end - video.currentTime)),
        bitrate: span < TICK_MS ? 0 : (8000 * recent) / span,
        bytes,
        decodedFrames: quality.totalVideoFrames,
        droppedFrames: quality.droppedVideoFrames,
        playbackRate: video.playbackRate,
        reconnects,
        jumps,
      } satisfies PlayerStats;
    },
    async destroy() {
      destroyNow();
      await running;
    },
  };
}

function asSourceError(error: unknown): SourceError {
  if (error instanceof SourceError) return error;
  if (error instanceof MediaError)
    return new SourceError("malformed", `these bytes are no FLV: ${error.message}`);
  return new SourceError("unreachable", error instanceof Error ? error.message : String(error));
}

function kindOf({ code }: SourceError): PlayerErrorKind {
  if (code === "codec-unsupported" || code === "mse-unsupported" || code === "malformed") return "media";
  return code === "append-failed" || code === "autoplay-blocked" ? "playback" : "network";
}

function rangesOf(buffered: TimeRanges): { start: number; end: number }[] {
  return Array.from({ length: buffered.length }, (_, i) => ({
    start: buffered.start(i),
    end: buffered.end(i),
  }));
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    if (signal.aborted) done();
    else signal.addEventListener("abort", done);
  });
}

import type { Track } from "../media/model/track.js";
import { KeyTimes } from "./buffer/key-times.js";
import { MediaSink } from "./buffer/media-sink.js";
import { unsupportedTrack } from "./buffer/support.js";
import { createEmitter } from "./emitter.js";
import { correctPlayhead, type Range, rangeAt, rangesOf } from "./latency/live-edge.js";
import { Remuxer } from "./remux.js";
import { backoffMs, pause } from "./source/backoff.js";
import { fetchSource } from "./source/fetch.js";
import { asSourceError, type Source, SourceError } from "./source/source.js";
import { httpUrl, webSocketSource, webSocketUrl } from "./source/websocket.js";
import { ByteRate } from "./telemetry/byte-rate.js";
import { playbackStats } from "./telemetry/playback-stats.js";
import type { Player, PlayerError, PlayerEvents, PlayerOptions, PlayerState } from "./types.js";

const TICK_MS = 250;
/** The bitrate is measured over this long, milliseconds. */
const RATE_WINDOW_MS = 2000;
/** A connection that has delivered for this long was a good one: the next failure is a new first. */
const STABLE_MS = 5000;
/** With this much media ahead, the playhead stands still for this long only if something is wrong. */
const STUCK_MS = 5000;

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
  const { href } = new URL(url, document.baseURI);
  const overWebSocket =
    settings.transport === "ws" || (settings.transport === undefined && /^wss?:/.test(href));
  const address = overWebSocket ? webSocketUrl(href) : httpUrl(href);
  const source: Source = overWebSocket ? webSocketSource : fetchSource;
  const emitter = createEmitter<PlayerEvents>();
  const lifetime = new AbortController();
  const { signal } = lifetime;
  const rate = new ByteRate(RATE_WINDOW_MS, performance.now());
  const keys = new KeyTimes();

  let state: PlayerState = "connecting";
  let tracks: readonly Track[] = [];
  /** It outlives connections: what follows goes on where the last one ended. */
  let sink: MediaSink | undefined;
  /** Whether the playhead has been put on the sink's first picture. */
  let shown = false;
  let wantsToPlay = settings.autoplay;
  let connection: AbortController | undefined;
  let remuxer: Remuxer | undefined;
  let firstByteAt: number | undefined;
  let lastByteAt = 0;
  /** Failures in a row. */
  let attempt = 0;
  let reconnects = 0;
  let jumps = 0;
  /** Where the playhead was last seen to move, seconds, and when, milliseconds. */
  let moved = { time: 0, at: 0 };

  if (settings.muted ?? settings.autoplay) video.muted = true;
  video.playsInline = true;

  function tell(error: SourceError): void {
    const { kind, code, fatal, message } = error;
    emitter.emit("error", { kind, code, fatal, message } satisfies PlayerError);
  }

  function setTracks(next: readonly Track[]): void {
    for (const track of next) {
      const problem = unsupportedTrack(track);
      if (problem !== undefined) throw problem;
    }
    tracks = next;
    emitter.emit("tracks", { tracks });
  }

  /** One connection from its first byte to its end. */
  async function connect(current: AbortController): Promise<void> {
    const remux = new Remuxer({
      start(announced) {
        setTracks(announced);
        if (sink?.takes(announced)) {
          for (const track of announced) sink.changeTrack(track);
          return sink.end;
        }
        openSink();
        return 0;
      },
      change(track) {
        setTracks(tracks.map((old) => (old.id === track.id ? track : old)));
        sink?.changeTrack(track);
      },
      segment: (kind, segment) => sink?.append(kind, segment),
      key: (at) => keys.add(at),
      lateTrack: () => current.abort(REJOIN),
    });
    remuxer = remux;
    firstByteAt = undefined;
    await source(address, current.signal, (slice) => {
      lastByteAt = performance.now();
      if (firstByteAt === undefined) {
        firstByteAt = lastByteAt;
        moved = { ...moved, at: lastByteAt };
        rate.restart(lastByteAt);
        if (state === "connecting") state = "buffering";
      }
      rate.add(slice.length, lastByteAt);
      remux.push(slice, Math.round((performance.timeOrigin + lastByteAt) * 1000));
    });
  }

  function openSink(): void {
    closeSink();
    keys.clear();
    moved = { time: 0, at: performance.now() };
    sink = new MediaSink(video, tracks, {
      appended: () => {
        if (!shown) tick();
      },
      overflow: () => remuxer?.resync(),
      failed: (message) => giveUpSink(new SourceError("append-failed", `the browser refused it: ${message}`)),
      trimBefore: () => cutBefore(video.currentTime - 1),
    });
    if (wantsToPlay) play();
  }

  function closeSink(): void {
    // Taking the source away pauses the element: remember what its user wanted.
    if (shown) wantsToPlay = !video.paused;
    shown = false;
    sink?.close();
    sink = undefined;
  }

  /** Begins anew with another media source and another connection. */
  function giveUpSink(error: SourceError): void {
    closeSink();
    connection?.abort(error);
  }

  function play(): void {
    video.play().catch((error: unknown) => {
      // AbortError: a pause or a new source came between; nothing to tell.
      if (signal.aborted || !(error instanceof DOMException) || error.name !== "NotAllowedError") return;
      tell(new SourceError("autoplay-blocked", "the browser allows playback only after a click, or muted"));
    });
  }

  async function run(): Promise<void> {
    let rejoinedAt = Number.NEGATIVE_INFINITY;
    while (!signal.aborted) {
      const current = new AbortController();
      connection = current;
      const stop = (): void => current.abort(signal.reason);
      signal.addEventListener("abort", stop);
      let problem: SourceError | undefined;
      let rejoin = false;
      try {
        await connect(current);
      } catch (thrown) {
        if (signal.aborted) return;
        const error = current.signal.aborted ? current.signal.reason : thrown;
        rejoin = error === REJOIN;
        problem = rejoin ? undefined : asSourceError(error);
      } finally {
        signal.removeEventListener("abort", stop);
        if (!signal.aborted) state = "connecting";
      }
      if (problem !== undefined) {
        tell(problem);
        if (problem.fatal) return stopFor("fatal");
        // A listener may have destroyed it.
        if (signal.aborted) return;
      }
      const now = performance.now();
      if (firstByteAt !== undefined && now - firstByteAt > STABLE_MS) attempt = 0;
      const reason = rejoin ? "the stream has another track now" : (problem?.message ?? "the stream ended");
      if (!rejoin && attempt >= settings.maxReconnects) {
        tell(new SourceError("gave-up", `gave up after ${attempt} attempts: ${reason}`, true));
        return stopFor("fatal");
      }
      // A server that never announces a track must not make us come back at once for ever.
      const atOnce = rejoin && now - rejoinedAt > STABLE_MS;
      if (rejoin) rejoinedAt = now;
      const delayMs = atOnce ? 0 : backoffMs(attempt, Math.random());
      emitter.emit("reconnect", { attempt, delayMs, reason });
      if (!atOnce) attempt += 1;
      reconnects += 1;
      await pause(delayMs, signal);
    }
  }

  /** Where what is buffered may be cut at or before a time, seconds. */
  function cutBefore(time: number): number {
    return tracks.some(({ kind }) => kind === "video") ? keys.cutBefore(time) : Math.max(0, time);
  }

  function tick(): void {
    const now = performance.now();
    if (state !== "connecting" && now - lastByteAt > settings.stallTimeoutMs) {
      connection?.abort(new SourceError("timeout", `nothing came for ${settings.stallTimeoutMs} ms`));
    }
    const ranges = rangesOf(video.buffered);
    const newest = ranges[ranges.length - 1];
    if (sink !== undefined && isStuck(now)) {
      giveUpSink(new SourceError("stuck", "there is media, but the browser does not play it"));
    }
    if (sink === undefined || newest === undefined) return;
    if (!shown) {
      shown = true;
      const first = ranges[0]?.start ?? 0;
      if (video.currentTime < first) video.currentTime = first;
    }
    // Paused for long, it keeps no more than a viewer at the live edge would: to play on is to jump there.
    const needed = Math.max(video.currentTime, newest.end - settings.maxLatencyMs / 1000);
    sink.trim(cutBefore(needed - settings.backBufferMs / 1000));
    if (!video.paused) keepUp(ranges);
  }

  function keepUp(ranges: readonly Range[]): void {
    const { currentTime } = video;
    if (state !== "connecting") {
      state = video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA ? "playing" : "waiting";
    }
    // One jump at a time, unless it led to where nothing is any more.
    if (video.seeking && rangeAt(ranges, currentTime) !== undefined) return;
    const next = correctPlayhead({ currentTime, ranges, rate: video.playbackRate }, settings);
    if (next.seekTo !== undefined && next.seekTo !== currentTime) {
      jumps += 1;
      video.currentTime = next.seekTo;
    }
    if (video.playbackRate !== next.rate) video.playbackRate = next.rate;
  }

  /** Whether media comes in and the playhead does not move: a decoder that hangs, or a track that has gone silent. */
  function isStuck(now: number): boolean {
    const { currentTime } = video;
    if (currentTime !== moved.time || video.paused) moved = { time: currentTime, at: now };
    return (
      state !== "connecting" &&
      now - moved.at > STUCK_MS &&
      now - lastByteAt < STUCK_MS &&
      sink !== undefined &&
      sink.end - currentTime > STUCK_MS / 1000
    );
  }

  function onPlaying(): void {
    if (state !== "connecting") state = "playing";
    emitter.emit("playing", {});
  }

  function onVideoError(): void {
    const { error } = video;
    if (sink === undefined || error === null) return;
    giveUpSink(new SourceError("append-failed", `the browser could not decode it: ${error.message}`));
  }

  function stopFor(reason: "destroyed" | "fatal"): void {
    if (state === "ended") return;
    state = "ended";
    clearInterval(timer);
    video.removeEventListener("playing", onPlaying);
    video.removeEventListener("waiting", tick);
    video.removeEventListener("error", onVideoError);
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
  video.addEventListener("waiting", tick);
  video.addEventListener("error", onVideoError);
  options.signal?.addEventListener("abort", destroyNow);
  if (options.signal?.aborted === true) destroyNow();
  const running = run();

  return {
    get state() {
      return state;
    },
    on: emitter.on,
    stats: () => ({
      ...playbackStats(video),
      state,
      codecs: tracks.map(({ config }) => config.codec),
      bitrate: rate.bitsPerSecond(performance.now()),
      bytes: rate.total,
      reconnects,
      jumps,
    }),
    async destroy() {
      destroyNow();
      await running;
    },
  };
}

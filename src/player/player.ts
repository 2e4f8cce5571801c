import type { Track } from "../media/model/track.js";
import { createEmitter } from "./emitter.js";
import type { Engine, EngineStats } from "./engine.js";
import { startEngine } from "./engines.js";
import { kindOf } from "./error-kind.js";
import type { PlayerPath } from "./path/choose.js";
import type { Decision } from "./path/decide.js";
import { firstChoice, type Refused } from "./path/first.js";
import type { Progress } from "./pipeline/pipeline.js";
import { backoffMs, pause } from "./source/backoff.js";
import { SourceError } from "./source/source.js";
import { httpUrl, webSocketUrl } from "./source/websocket.js";
import { ByteRate } from "./telemetry/byte-rate.js";
import type { Player, PlayerEvents, PlayerOptions, PlayerState } from "./types.js";

/** The bitrate is measured over this long, milliseconds. */
const RATE_WINDOW_MS = 2000;
/** A connection that has delivered for this long was a good one: the next failure is a new first. */
const STABLE_MS = 5000;
/** How often it is looked whether the connection still delivers, milliseconds. */
const WATCH_MS = 250;

const DEFAULTS = {
  autoplay: true,
  backBufferMs: 10_000,
  stallTimeoutMs: 15_000,
  maxReconnects: Number.POSITIVE_INFINITY,
  reports: true as boolean | string,
};

const NOTHING: EngineStats = {
  width: 0,
  height: 0,
  latencyMs: 0,
  targetLatencyMs: 0,
  bufferMs: 0,
  decodedFrames: 0,
  droppedFrames: 0,
  freezes: 0,
  frozenMs: 0,
  playbackRate: 1,
  jumps: 0,
};

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
  const emitter = createEmitter<PlayerEvents>();
  const lifetime = new AbortController();
  const { signal } = lifetime;
  const rate = new ByteRate(RATE_WINDOW_MS, performance.now());

  /** The present connection's; before its first byte `connecting`. */
  let connected = false;
  let over = false;
  let tracks: readonly Track[] = [];
  let engine: Engine | undefined;
  let path: PlayerPath | undefined;
  const refused: Refused = {};
  /** What the last path did not play. */
  let refusedCodec: string | undefined;
  let progress: Progress | undefined;
  let firstByteAt: number | undefined;
  /** Failures in a row. */
  let attempt = 0;
  let reconnects = 0;
  let receivedFrames = 0;
  let reporting = false;
  let endReports: (() => void) | undefined;
  /** When the first frame was on the screen, milliseconds since the Unix epoch. */
  let firstFrameAt: number | undefined;

  if (settings.muted ?? settings.autoplay) video.muted = true;
  video.playsInline = true;
  // Firefox before 132 tells of no frames, and reports none.
  video.requestVideoFrameCallback?.((now) => {
    firstFrameAt = performance.timeOrigin + now;
  });

  function tell({ code, fatal, message }: SourceError): void {
    emitter.emit("error", { kind: kindOf(code), code, fatal, message });
  }

  const events = {
    tracks(next: readonly Track[]): void {
      tracks = next;
      emitter.emit("tracks", { tracks });
    },
    progress(next: Progress): void {
      const now = performance.now();
      if (!connected) {
        connected = true;
        firstByteAt = now;
        rate.restart(now);
      }
      rate.add(next.bytes - (progress?.bytes ?? 0), now);
      receivedFrames += next.frames - (progress?.frames ?? 0);
      progress = next;
      if (reporting || next.told.session === undefined || settings.reports === false) return;
      reporting = true;
      // Without its chunk there are no reports, and that is all.
      report(settings.reports).catch(() => {});
    },
    playing: () => emitter.emit("playing", {}),
    trouble: tell,
  };

  /** Takes the best path that is left. @throws SourceError where there is none */
  async function open(): Promise<Engine> {
    for (;;) {
      path = await choose();
      const source = {
        url: overWebSocket ? webSocketUrl(href) : httpUrl(href),
        transport: overWebSocket ? "ws" : "fetch",
        talks: settings.reports !== false,
      } as const;
      const asked = settings.negotiate
        ? await (await import("./source/ask.js")).askFor(source, path)
        : source;
      const started = await startEngine(path, { video, source: asked, settings, events, signal });
      if (started !== undefined) {
        if (!signal.aborted) return started;
        started.close();
      }
      signal.throwIfAborted();
      refused[path] = "could not be started";
    }
  }

  async function choose(): Promise<PlayerPath> {
    let choice = firstChoice(settings.paths, refused);
    let problem: Decision["problem"];
    if (choice === undefined) {
      const { decidePath } = await import("./path/decide.js");
      ({ choice, problem } = await decidePath(httpUrl(href), settings.paths, refused, refusedCodec, signal));
    }
    path = choice?.path;
    if (choice !== undefined && !over) emitter.emit("path", choice);
    if (path !== undefined) return path;
    throw new SourceError(problem?.code ?? "unreachable", problem?.message ?? "", problem?.fatal);
  }

  /** One connection from its beginning to its end. Returns what went wrong, or how it ended. */
  async function connectOnce(): Promise<SourceError | "ended" | "rejoin"> {
    progress = undefined;
    firstByteAt = undefined;
    try {
      engine ??= await open();
      const end = await engine.connect();
      if (end.kind === "ended" || end.kind === "rejoin") return end.kind;
      if (end.kind === "disconnected") return "ended";
      return new SourceError(end.error.code, end.error.message, end.error.fatal, end.error.codec);
    } catch (error) {
      if (error instanceof SourceError) return error;
      return new SourceError("unreachable", error instanceof Error ? error.message : String(error));
    } finally {
      connected = false;
    }
  }

  /** What one path with media sources does not play, the others do not play either. */
  function passOver(from: PlayerPath, codec = "its codecs"): void {
    const same = from.includes("mse") ? (["mse-worker", "mse", "managed-mse"] as const) : [from];
    for (const each of same) refused[each] = `does not play ${codec}`;
    refusedCodec = codec;
    engine?.close();
    engine = undefined;
  }

  async function run(): Promise<void> {
    let rejoinedAt = Number.NEGATIVE_INFINITY;
    while (!signal.aborted) {
      const end = await connectOnce();
      if (signal.aborted) return;
      if (end instanceof SourceError) {
        if (end.code === "codec-unsupported" && path !== undefined) {
          passOver(path, end.codec);
          continue;
        }
        tell(end);
        if (end.fatal) return stopFor("fatal");
        // A listener may have destroyed it.
        if (signal.aborted) return;
      }
      const rejoin = end === "rejoin";
      const now = performance.now();
      if (firstByteAt !== undefined && now - firstByteAt > STABLE_MS) attempt = 0;
      const reason = rejoin
        ? "the stream has another track now"
        : end instanceof SourceError
          ? end.message
          : "the stream ended";
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

  function watch(): void {
    if (!connected || progress === undefined || progress.idle) return;
    const silentMs = performance.timeOrigin + performance.now() - progress.lastByteAt;
    if (silentMs <= settings.stallTimeoutMs) return;
    engine?.disconnect(new SourceError("timeout", `nothing came for ${settings.stallTimeoutMs} ms`));
  }

  function stateNow(): PlayerState {
    if (over) return "ended";
    return connected ? (engine?.state ?? "connecting") : "connecting";
  }

  function stopFor(reason: "destroyed" | "fatal"): void {
    if (over) return;
    endReports?.();
    over = true;
    clearInterval(timer);
    options.signal?.removeEventListener("abort", destroyNow);
    lifetime.abort(new DOMException("the player was destroyed", "AbortError"));
    engine?.close();
    emitter.emit("ended", { reason });
    emitter.clear();
  }

  function destroyNow(): void {
    stopFor("destroyed");
  }

  /** Of a server that says who it is: only there is anybody to report to. */
  async function report(to: string | true): Promise<void> {
    const { startReporter } = await import("./telemetry/reporter.js");
    // `/APP/NAME.flv` and `/api/v1/reports` have the same root, wherever that is mounted.
    const address = new URL(to === true ? "../api/v1/reports" : to, httpUrl(href)).href;
    const say = overWebSocket && to === true ? (text: string) => engine?.say(text) : undefined;
    if (!over)
      endReports = startReporter(
        player,
        address,
        () => progress?.told,
        () => firstFrameAt,
        say,
      );
  }

  const timer = setInterval(watch, WATCH_MS);
  options.signal?.addEventListener("abort", destroyNow);
  if (options.signal?.aborted === true) destroyNow();
  // Listeners that are added at once hear of the path.
  const running = Promise.resolve().then(run);

  const player: Player = {
    get state() {
      return stateNow();
    },
    get path() {
      return path;
    },
    on: emitter.on,
    stats: () => ({
      ...(engine?.stats() ?? NOTHING),
      state: stateNow(),
      path,
      codecs: tracks.map(({ config }) => config.codec),
      bitrate: rate.bitsPerSecond(performance.now()),
      bytes: rate.total,
      receivedFrames,
      reconnects,
    }),
    async destroy() {
      destroyNow();
      await running;
    },
  };
  return player;
}

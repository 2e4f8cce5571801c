import { createFlvDemuxer } from "../../media/format/flv/demuxer.js";
import type { Packet } from "../../media/model/packet.js";
import type { AudioTrack, Track, VideoTrack } from "../../media/model/track.js";
import type { Engine, EngineEvents } from "../engine.js";
import { ArrivalMeter } from "../latency/arrivals.js";
import { codecAdvice } from "../path/advice.js";
import type { ConnectionEnd, PipelineInit, Progress } from "../pipeline/pipeline.js";
import { fetchSource } from "../source/fetch.js";
import { asSourceError, type Side, SourceError } from "../source/source.js";
import { webSocketSource } from "../source/websocket.js";
import { fileWriter } from "./file-decoder.js";
import { Picture } from "./picture.js";
import { PlayClock } from "./play-clock.js";
import { hasAudioDecoder, Sound } from "./sound.js";
import { workletUrl } from "./worklet-url.js";

const PROGRESS_MS = 40;
/** Decoders that fail so often in a row do not play this stream. */
const MAX_FAILURES = 3;
/** What is painted comes to the screen at its next refresh, which the sound waits for, milliseconds. */
const REFRESH_MS = 16;
/** No picture for this long is waiting, milliseconds. */
const WAITING_MS = 500;

export interface WebCodecsSettings {
  readonly targetLatencyMs?: number | undefined;
  readonly workletUrl?: string | undefined;
}

/**
 * Plays through WebCodecs: pictures into a canvas that stands in the element's place, sound through a worklet. There
 * is no buffer but the jitter's, hence the least delay of all.
 */
export function startWebCodecsEngine(
  video: HTMLVideoElement,
  { url, transport, talks, headers }: PipelineInit,
  settings: WebCodecsSettings,
  events: EngineEvents,
): Engine {
  const source = transport === "ws" ? webSocketSource : fetchSource;
  const meter = new ArrivalMeter();
  const clock = new PlayClock(settings.targetLatencyMs);
  const tracks = new Map<number, Track>();
  const picture = new Picture(onDecoderFailed);
  const sound = new Sound(settings.workletUrl ?? workletUrl(), {
    blocked: () =>
      events.trouble(new SourceError("autoplay-blocked", "the browser allows sound only after a click")),
    failed: loseTrack,
    late: (pts) => meter.add(pts / 1000, now()),
  });
  let connection: AbortController | undefined;
  let cut: SourceError | undefined;
  let failures = 0;
  let playing = false;
  let closed = false;
  let painting = 0;
  let side: Side | undefined;
  /** Of the present connection. */
  let frames = 0;
  const now = (): number => performance.timeOrigin + performance.now();

  const { display } = video.style;
  picture.canvas.className = video.className;
  picture.canvas.style.cssText = video.style.cssText;
  video.after(picture.canvas);
  video.style.display = "none";

  function onDecoderFailed(message: string): void {
    failures += 1;
    const codecs = [...tracks.values()].map(({ config }) => config.codec).join(" and ");
    if (failures < MAX_FAILURES) {
      events.trouble(new SourceError("append-failed", `the browser could not decode it: ${message}`));
    } else {
      disconnect(unsupported(codecs));
    }
  }

  function addTrack(track: Track): void {
    if (track.kind === "data") return;
    tracks.set(track.id, track);
    events.tracks([...tracks.values()].sort((a, b) => a.id - b.id));
    void checkSupport(track);
  }

  async function checkSupport(track: VideoTrack | AudioTrack): Promise<void> {
    const { codec } = track.config;
    // The description is left to the decoder: what a browser plays is decided by the codec.
    const { supported } = await (track.kind === "video"
      ? VideoDecoder.isConfigSupported({ codec })
      : hasAudioDecoder()
        ? AudioDecoder.isConfigSupported(track.config as AudioDecoderConfig)
        : Promise.resolve({ supported: fileWriter(track) !== undefined })
    ).catch(() => ({ supported: false }));
    if (supported !== true && !closed) loseTrack(track);
  }

  /** It is not decoded here. A picture without its sound is better than nothing. */
  function loseTrack({ kind, config: { codec } }: VideoTrack | AudioTrack): void {
    if (kind === "video" || !hasVideo()) disconnect(unsupported(codec));
    else {
      const message = `${codecAdvice(codec)}; the picture goes on without its sound`;
      events.trouble(new SourceError("codec-unsupported", message));
    }
  }

  function unsupported(codec: string): SourceError {
    return new SourceError("codec-unsupported", codecAdvice(codec), true, codec);
  }

  function hasVideo(): boolean {
    return [...tracks.values()].some(({ kind }) => kind === "video");
  }

  function addPacket(packet: Packet): void {
    const { kind } = packet.track;
    if (kind === "data") return;
    // Sound that nobody hears need not be waited for, and what is decoded in lots is there when it is decoded.
    const counts = kind === "video" || (sound.on ? !sound.inLots : !hasVideo());
    if (counts) meter.add(packet.pts / 1000, packet.receivedAt / 1000);
    if (kind === "video") {
      frames += 1;
      picture.push(packet);
    } else sound.push(packet);
  }

  function disconnect(error?: SourceError): void {
    cut = error;
    connection?.abort();
  }

  function onVolume(): void {
    sound.setVolume(video.muted ? 0 : video.volume);
  }

  function paint(): void {
    painting = requestAnimationFrame(paint);
    const arrivals = meter.now;
    if (arrivals === undefined) return;
    const at = now();
    clock.adjust(arrivals, at);
    const due = clock.at(at);
    if (due === undefined) return;
    // Due nearer to this refresh than to the next one.
    picture.paint(due + REFRESH_MS / 2, at);
    sound.follow(due - REFRESH_MS, at);
    if (!playing && (picture.begun || (tracks.size > 0 && !hasVideo()))) {
      playing = true;
      failures = 0;
      events.playing();
    }
  }

  video.addEventListener("volumechange", onVolume);
  onVolume();
  painting = requestAnimationFrame(paint);

  return {
    get state() {
      if (!playing) return "buffering";
      return hasVideo() && picture.stoodFor(now()) > WAITING_MS ? "waiting" : "playing";
    },
    async connect(): Promise<ConnectionEnd> {
      if (closed) return { kind: "disconnected" };
      const current = new AbortController();
      connection = current;
      cut = undefined;
      meter.restart();
      clock.restart();
      picture.restart();
      sound.restart();
      const demuxer = createFlvDemuxer({ track: addTrack, packet: addPacket, metadata: () => {} });
      let toldAt = 0;
      let bytes = 0;
      const beside: Side = { told: { requestedAt: now() }, headers };
      side = beside;
      frames = 0;
      try {
        await source(
          url,
          current.signal,
          (slice) => {
            const at = now();
            bytes += slice.length;
            demuxer.push(slice, Math.round(at * 1000));
            if (at - toldAt < PROGRESS_MS) return;
            toldAt = at;
            events.progress({
              bytes,
              frames,
              lastByteAt: at,
              arrivals: meter.now,
              told: beside.told,
              end: 0,
            } satisfies Progress);
          },
          beside,
          talks,
        );
        return { kind: "ended" };
      } catch (thrown) {
        if (current.signal.aborted && cut === undefined) return { kind: "disconnected" };
        const { code, message, fatal, codec } = cut ?? asSourceError(thrown);
        return { kind: "failed", error: { code, message, fatal, codec } };
      }
    },
    disconnect,
    say: (text) => side?.say?.(text),
    stats: () => ({
      ...picture.stats,
      latencyMs: clock.delayMs,
      targetLatencyMs: clock.targetMs,
      bufferMs: clock.delayMs,
      playbackRate: Math.round(clock.rate * 100) / 100,
      jumps: clock.jumps,
    }),
    close() {
      if (closed) return;
      closed = true;
      cancelAnimationFrame(painting);
      video.removeEventListener("volumechange", onVolume);
      connection?.abort();
      picture.close();
      void sound.close();
      video.style.display = display;
    },
  };
}

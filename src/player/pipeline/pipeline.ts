import type { Track } from "../../media/model/track.js";
import { KeyTimes } from "../buffer/key-times.js";
import { type Attachment, MediaSink } from "../buffer/media-sink.js";
import { unsupportedTrack } from "../buffer/support.js";
import { ArrivalMeter, type Arrivals } from "../latency/arrivals.js";
import { fetchSource } from "../source/fetch.js";
import { asSourceError, type Side, type SourceError, type Told } from "../source/source.js";
import { webSocketSource } from "../source/websocket.js";
import { Remuxer } from "./remux.js";

/** How often progress is told while bytes come, milliseconds. */
const PROGRESS_MS = 40;

/** What is to be played, and how it is fetched. */
export interface PipelineInit {
  /** Absolute, with the scheme of the transport. */
  readonly url: string;
  readonly transport: "fetch" | "ws";
  /** Whether a WebSocket is to carry reports too. */
  readonly talks: boolean;
  /** What the request has beside the browser's own; not over WebSocket. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** How a connection ended. */
export type ConnectionEnd =
  /** The server ended it in order. */
  | { readonly kind: "ended" }
  /** Whoever began it did. */
  | { readonly kind: "disconnected" }
  /** The stream has a track that this one does not: begin the next at once. */
  | { readonly kind: "rejoin" }
  | {
      readonly kind: "failed";
      readonly error: Pick<SourceError, "code" | "message" | "fatal"> & {
        readonly codec?: string | undefined;
      };
    };

/** How a connection goes. */
export interface Progress {
  /** Received by it so far. */
  readonly bytes: number;
  /** Video frames, from the first on that can be shown. */
  readonly frames: number;
  /** When the last byte came, milliseconds since the Unix epoch. */
  readonly lastByteAt: number;
  readonly arrivals: Arrivals | undefined;
  readonly told: Told;
  /** Media appended up to here, seconds on the element's clock. */
  readonly end: number;
  /** Nothing is to be expected: the browser wants no more for now. */
  readonly idle?: boolean;
}

export interface PipelineEvents {
  /** The tracks of what follows. */
  tracks(tracks: readonly Track[]): void;
  progress(progress: Progress): void;
  /** The browser refused the media: it needs another media source and another connection. */
  sinkFailed(message: string): void;
}

/** From the network to SourceBuffers, in whatever thread. */
export interface Pipeline {
  /** Opens a connection, one at a time. What it brings goes on where the last one ended. Never rejects. */
  connect(): Promise<ConnectionEnd>;
  disconnect(): void;
  /** Sends a text over the connection, where that carries any. */
  say(text: string): void;
  /** The next media goes to another media source. */
  closeSink(): void;
  /** Where the playhead is, and what may be freed before, seconds. */
  position(currentTime: number, before: number): void;
  /** What comes waits, and nothing is appended. Only where the media source may ask for that: in the page. */
  hold?(on: boolean): void;
  /** Releases all of it. Idempotent. */
  close(): void;
}

/** @param createSource a MediaSource, or what stands for it in this browser */
export function createPipeline(
  { url, transport, talks, headers }: PipelineInit,
  createSource: () => MediaSource,
  attachment: Attachment,
  events: PipelineEvents,
): Pipeline {
  const source = transport === "ws" ? webSocketSource : fetchSource;
  const keys = new KeyTimes();
  const meter = new ArrivalMeter();
  let tracks: readonly Track[] = [];
  /** It outlives connections. */
  let sink: MediaSink | undefined;
  let connection: AbortController | undefined;
  let remuxer: Remuxer | undefined;
  let side: Side | undefined;
  let playhead = 0;
  let closed = false;

  function setTracks(next: readonly Track[]): void {
    for (const track of next) {
      const problem = unsupportedTrack(track);
      if (problem !== undefined) throw problem;
    }
    tracks = next;
    events.tracks(tracks);
  }

  function openSink(): void {
    closeSink();
    keys.clear();
    sink = new MediaSink(createSource(), attachment, tracks, {
      appended: () => {},
      overflow: () => remuxer?.resync(),
      failed: (message) => events.sinkFailed(message),
      trimBefore: () => cutBefore(playhead - 1),
    });
  }

  function closeSink(): void {
    sink?.close();
    sink = undefined;
  }

  /** Where what is buffered may be cut at or before a time, seconds. */
  function cutBefore(time: number): number {
    return tracks.some(({ kind }) => kind === "video") ? keys.cutBefore(time) : Math.max(0, time);
  }

  async function connect(): Promise<ConnectionEnd> {
    if (closed) return { kind: "disconnected" };
    const current = new AbortController();
    connection = current;
    const beside: Side = { told: { requestedAt: performance.timeOrigin + performance.now() }, headers };
    side = beside;
    let bytes = 0;
    let frames = 0;
    let toldAt = 0;
    let late = false;
    const remux = new Remuxer({
      start(announced) {
        setTracks(announced);
        meter.restart();
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
      arrived(at, receivedAt, kind) {
        meter.add(at, receivedAt / 1000);
        if (kind === "video") frames += 1;
      },
      lateTrack() {
        late = true;
        current.abort();
      },
    });
    remuxer = remux;
    try {
      await source(
        url,
        current.signal,
        (slice) => {
          const now = performance.timeOrigin + performance.now();
          bytes += slice.length;
          remux.push(slice, Math.round(now * 1000));
          if (now - toldAt < PROGRESS_MS) return;
          toldAt = now;
          const { told } = beside;
          const { now: arrivals } = meter;
          events.progress({ bytes, frames, lastByteAt: now, arrivals, told, end: sink?.end ?? 0 });
        },
        beside,
        talks,
      );
      return { kind: "ended" };
    } catch (thrown) {
      if (late) return { kind: "rejoin" };
      if (current.signal.aborted) return { kind: "disconnected" };
      const { code, message, fatal, codec } = asSourceError(thrown);
      return { kind: "failed", error: { code, message, fatal, codec } };
    }
  }

  return {
    connect,
    disconnect: () => connection?.abort(),
    say: (text) => side?.say?.(text),
    closeSink,
    position(currentTime, before) {
      playhead = currentTime;
      sink?.trim(cutBefore(before));
    },
    hold: (on) => sink?.hold(on),
    close() {
      closed = true;
      connection?.abort();
      closeSink();
    },
  };
}

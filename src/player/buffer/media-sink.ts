import { mp4MimeType } from "../../media/format/mp4/mime.js";
import type { Track } from "../../media/model/track.js";
import { SourceError } from "../source/source.js";
import { TrackBuffer } from "./track-buffer.js";

export interface MediaSinkEvents {
  /** The browser refused media; what was buffered is of no more use. */
  failed(message: string): void;
  /** Media was dropped: go on at the next key frame. */
  overflow(): void;
  /** What was played before this time is not needed any more, seconds. */
  trimBefore(): number;
}

/** The codec and what to do, where the browser cannot play a track. */
export function unsupportedTrack(track: Track): SourceError | undefined {
  if (typeof MediaSource === "undefined") {
    return new SourceError(
      "mse-unsupported",
      "this browser has no Media Source Extensions; use a newer one",
      true,
    );
  }
  const mime = mp4MimeType([track]);
  if (MediaSource.isTypeSupported(mime)) return undefined;
  return new SourceError(
    "codec-unsupported",
    `this browser does not play ${track.codec.toUpperCase()} (${track.config.codec}); publish H.264 and AAC, or use a browser that does`,
    true,
  );
}

/** A MediaSource on a video element, with one SourceBuffer for each kind of track. */
export class MediaSink {
  readonly #video: HTMLVideoElement;
  readonly #events: MediaSinkEvents;
  readonly #source = new MediaSource();
  readonly #url: string;
  readonly #buffers = new Map<Track["kind"], TrackBuffer>();
  #closed = false;

  private constructor(video: HTMLVideoElement, events: MediaSinkEvents) {
    this.#video = video;
    this.#events = events;
    this.#url = URL.createObjectURL(this.#source);
  }

  /** Attaches a MediaSource to the element; settles when it takes tracks. @throws the signal's reason */
  static async open(
    video: HTMLVideoElement,
    events: MediaSinkEvents,
    signal: AbortSignal,
  ): Promise<MediaSink> {
    signal.throwIfAborted();
    const sink = new MediaSink(video, events);
    await new Promise<void>((resolve, reject) => {
      const abort = (): void => {
        sink.close();
        reject(signal.reason);
      };
      signal.addEventListener("abort", abort, { once: true });
      sink.#source.addEventListener(
        "sourceopen",
        () => {
          signal.removeEventListener("abort", abort);
          resolve();
        },
        { once: true },
      );
      video.src = sink.#url;
    });
    return sink;
  }

  /** Whether these tracks can go on where others ended: the same kinds, since none can be added later. */
  takes(tracks: readonly Track[]): boolean {
    return (
      this.#source.readyState === "open" &&
      tracks.length === this.#buffers.size &&
      tracks.every(({ kind }) => this.#buffers.has(kind))
    );
  }

  /** Makes a SourceBuffer for each track; only once. */
  addTracks(tracks: readonly Track[]): void {
    for (const track of tracks) {
      const mime = mp4MimeType([track]);
      const buffer = this.#source.addSourceBuffer(mime);
      const { failed, overflow, trimBefore } = this.#events;
      this.#buffers.set(track.kind, new TrackBuffer(buffer, mime, { failed, overflow, trimBefore }));
    }
    // Without an end known, the element shows the stream as live.
    this.#source.duration = Number.POSITIVE_INFINITY;
  }

  /** Says that what follows for this track's kind has its configuration. */
  changeTrack(track: Track): void {
    this.#buffers.get(track.kind)?.changeType(mp4MimeType([track]));
  }

  append(kind: Track["kind"], bytes: Uint8Array): void {
    if (this.#source.readyState === "open") this.#buffers.get(kind)?.append(bytes);
  }

  trim(before: number): void {
    if (before > 0) for (const buffer of this.#buffers.values()) buffer.trim(before);
  }

  /** The end of what all tracks have buffered, seconds; 0 where there is nothing. */
  get end(): number {
    let end = 0;
    for (const { buffered } of this.#buffers.values()) {
      if (buffered !== undefined && buffered.length > 0)
        end = Math.max(end, buffered.end(buffered.length - 1));
    }
    return end;
  }

  /** Detaches from the element. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const buffer of this.#buffers.values()) buffer.close();
    URL.revokeObjectURL(this.#url);
    if (this.#video.src === this.#url) {
      this.#video.removeAttribute("src");
      this.#video.load();
    }
  }
}

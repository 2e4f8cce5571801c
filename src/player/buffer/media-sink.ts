import { mp4MimeType } from "../../media/format/mp4/mime.js";
import type { Track } from "../../media/model/track.js";
import { type Segment, TrackBuffer, type TrackBufferEvents } from "./track-buffer.js";

/** How a media source comes to its element, which may be another thread's. */
export interface Attachment {
  attach(source: MediaSource): void;
  /** Takes it away again. */
  detach(): void;
}

/**
 * A MediaSource for a video element, with one SourceBuffer for each track: at most one of each kind. It takes media at
 * once and keeps it until the element has opened the source.
 */
export class MediaSink {
  readonly #attachment: Attachment;
  readonly #events: TrackBufferEvents;
  readonly #source: MediaSource;
  readonly #buffers = new Map<Track["kind"], TrackBuffer>();
  #opened = false;
  #closed = false;
  readonly #onOpen = (): void => this.#open();

  constructor(
    source: MediaSource,
    attachment: Attachment,
    tracks: readonly Track[],
    events: TrackBufferEvents,
  ) {
    this.#source = source;
    this.#attachment = attachment;
    this.#events = events;
    for (const track of tracks) {
      this.#buffers.set(track.kind, new TrackBuffer(mp4MimeType([track]), events));
    }
    this.#source.addEventListener("sourceopen", this.#onOpen, { once: true });
    attachment.attach(source);
  }

  /** Whether these tracks can go on where others ended: the same kinds, since none can be added later. */
  takes(tracks: readonly Track[]): boolean {
    return (
      !this.#closed &&
      (!this.#opened || this.#source.readyState === "open") &&
      tracks.length === this.#buffers.size &&
      tracks.every(({ kind }) => this.#buffers.has(kind))
    );
  }

  /** Says that what follows for this track's kind has its configuration. */
  changeTrack(track: Track): void {
    this.#buffers.get(track.kind)?.changeType(mp4MimeType([track]));
  }

  append(kind: Track["kind"], segment: Segment): void {
    this.#buffers.get(kind)?.append(segment);
  }

  /** Has what is appended wait, or lets it in. */
  hold(on: boolean): void {
    for (const buffer of this.#buffers.values()) buffer.hold(on);
  }

  /** Frees what was played before this time, seconds. */
  trim(before: number): void {
    if (before > 0) for (const buffer of this.#buffers.values()) buffer.trim(before);
  }

  /** The end of what any of its tracks has buffered, seconds; 0 where there is nothing. */
  get end(): number {
    let end = 0;
    for (const { buffered } of this.#buffers.values()) {
      if (buffered !== undefined && buffered.length > 0) {
        end = Math.max(end, buffered.end(buffered.length - 1));
      }
    }
    return end;
  }

  /** Detaches from the element. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#source.removeEventListener("sourceopen", this.#onOpen);
    for (const buffer of this.#buffers.values()) buffer.close();
    this.#attachment.detach();
  }

  #open(): void {
    this.#opened = true;
    try {
      // All of them before the first byte: once media is in, the element takes no more tracks.
      const attached = [...this.#buffers.values()].map(
        (buffer) => [buffer, this.#source.addSourceBuffer(buffer.firstMime)] as const,
      );
      // Without a known end the element takes the stream for what it is, live.
      this.#source.duration = Number.POSITIVE_INFINITY;
      for (const [buffer, source] of attached) buffer.attach(source);
    } catch (error) {
      this.#events.failed(error instanceof Error ? error.message : String(error));
    }
  }
}

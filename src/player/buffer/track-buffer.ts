import { concatBytes } from "../../media/bytes/bytes.js";

/** Media that waits for a busy SourceBuffer: beyond this it is too late to be worth showing. */
const MAX_QUEUED_BYTES = 32 * 1024 * 1024;

export interface TrackBufferEvents {
  /** The queue outgrew its bound and was dropped: nothing fits before the next key frame. */
  overflow(): void;
  /** The browser refused what was appended. */
  failed(message: string): void;
  /** The browser is out of room; what may go before this time, seconds. */
  trimBefore(): number;
}

type Step =
  | { readonly kind: "append"; bytes: Uint8Array }
  | { readonly kind: "type"; readonly mime: string }
  | { readonly kind: "remove"; readonly before: number };

/** Feeds one SourceBuffer, which takes one operation at a time. */
export class TrackBuffer {
  readonly #buffer: SourceBuffer;
  readonly #events: TrackBufferEvents;
  #mime: string;
  #steps: Step[] = [];
  #queuedBytes = 0;
  #closed = false;
  readonly #onUpdateEnd = (): void => this.#run();
  readonly #onError = (): void => this.#events.failed("the browser could not parse the media");

  constructor(buffer: SourceBuffer, mime: string, events: TrackBufferEvents) {
    this.#buffer = buffer;
    this.#mime = mime;
    this.#events = events;
    buffer.mode = "segments";
    buffer.addEventListener("updateend", this.#onUpdateEnd);
    buffer.addEventListener("error", this.#onError);
  }

  /** What the SourceBuffer was last told to expect. */
  get mime(): string {
    return this.#mime;
  }

  get buffered(): TimeRanges | undefined {
    // Asking a SourceBuffer that was removed throws.
    try {
      return this.#buffer.buffered;
    } catch {
      return undefined;
    }
  }

  /** Appends an initialization segment or whole fragments. */
  append(bytes: Uint8Array): void {
    if (this.#closed || bytes.length === 0) return;
    const last = this.#steps[this.#steps.length - 1];
    // While the SourceBuffer is busy, what waits becomes one append.
    if (last?.kind === "append") last.bytes = concatBytes([last.bytes, bytes]);
    else this.#steps.push({ kind: "append", bytes });
    this.#queuedBytes += bytes.length;
    if (this.#queuedBytes > MAX_QUEUED_BYTES) {
      this.#steps = [];
      this.#queuedBytes = 0;
      this.#events.overflow();
    }
    this.#run();
  }

  /** What follows is of another type. */
  changeType(mime: string): void {
    if (mime === this.#mime) return;
    this.#mime = mime;
    this.#steps.push({ kind: "type", mime });
    this.#run();
  }

  /** Frees what lies before a time, seconds. */
  trim(before: number): void {
    const { buffered } = this;
    if (this.#closed || buffered === undefined || buffered.length === 0 || buffered.start(0) >= before)
      return;
    if (this.#steps.some(({ kind }) => kind === "remove")) return;
    this.#steps.push({ kind: "remove", before });
    this.#run();
  }

  /** Lets go of the SourceBuffer. */
  close(): void {
    this.#closed = true;
    this.#steps = [];
    this.#buffer.removeEventListener("updateend", this.#onUpdateEnd);
    this.#buffer.removeEventListener("error", this.#onError);
  }

  #run(): void {
    if (this.#closed) return;
    const [step] = this.#steps;
    if (step === undefined || this.#buffer.updating) return;
    try {
      if (step.kind === "append") this.#buffer.appendBuffer(step.bytes as Uint8Array<ArrayBuffer>);
      else if (step.kind === "type") this.#buffer.changeType(step.mime);
      else this.#buffer.remove(0, step.before);
    } catch (error) {
      if (step.kind === "append" && error instanceof DOMException && error.name === "QuotaExceededError") {
        this.#makeRoom();
        return;
      }
      this.#events.failed(error instanceof Error ? error.message : String(error));
      return;
    }
    this.#steps.shift();
    if (step.kind === "append") this.#queuedBytes -= step.bytes.length;
    // A change of type has no update of its own to wait for.
    if (step.kind === "type") this.#run();
  }

  #makeRoom(): void {
    const before = this.#events.trimBefore();
    const { buffered } = this;
    if (buffered !== undefined && buffered.length > 0 && buffered.start(0) < before) {
      this.#buffer.remove(0, before);
      return;
    }
    // Nothing played is left to free: give up what waits, and go on at the next key frame.
    this.#steps = [];
    this.#queuedBytes = 0;
    this.#events.overflow();
  }
}

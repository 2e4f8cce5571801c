import { concatBytes } from "../../media/bytes/bytes.js";

/** Media that waits for a busy or unopened SourceBuffer: beyond this it is too late to be worth showing. */
const MAX_QUEUED_BYTES = 32 * 1024 * 1024;
/** What has been played is freed in steps of at least this much, seconds. */
const TRIM_STEP = 1;

/** What one SourceBuffer is fed. */
export interface Segment {
  readonly bytes: Uint8Array;
  /** An initialization segment: what follows means nothing without it, so it is never dropped. */
  readonly init: boolean;
}

export interface TrackBufferEvents {
  /** The browser has taken in what was appended. */
  appended(): void;
  /** Media that waited was dropped: nothing fits before the next key frame. */
  overflow(): void;
  /** The browser refused what was appended. */
  failed(message: string): void;
  /** The browser is out of room: before this time nothing is needed any more, seconds. */
  trimBefore(): number;
}

type Step =
  | { readonly kind: "append"; readonly init: boolean; readonly parts: Uint8Array[]; size: number }
  | { readonly kind: "type"; readonly mime: string }
  | { readonly kind: "remove"; readonly before: number };

/** Feeds one SourceBuffer, which takes one operation at a time. */
export class TrackBuffer {
  /** The type that the SourceBuffer is to be made with. */
  readonly firstMime: string;
  readonly #events: TrackBufferEvents;
  #buffer: SourceBuffer | undefined;
  #mime: string;
  #steps: Step[] = [];
  #queuedBytes = 0;
  /** Room has been made for the step that waits, and it still may not fit. */
  #madeRoom = false;
  #held = false;
  #closed = false;
  readonly #onUpdateEnd = (): void => {
    this.#run();
    if (!this.#closed) this.#events.appended();
  };
  readonly #onError = (): void => this.#events.failed("the browser could not read the media");

  /** @param mime of what is appended first */
  constructor(mime: string, events: TrackBufferEvents) {
    this.firstMime = mime;
    this.#mime = mime;
    this.#events = events;
  }

  get buffered(): TimeRanges | undefined {
    // Asking a SourceBuffer that the element has let go of throws.
    try {
      return this.#buffer?.buffered;
    } catch {
      return undefined;
    }
  }

  /** Opens it: what has been appended so far goes in. */
  attach(buffer: SourceBuffer): void {
    this.#buffer = buffer;
    buffer.mode = "segments";
    buffer.addEventListener("updateend", this.#onUpdateEnd);
    buffer.addEventListener("error", this.#onError);
    this.#run();
  }

  append({ bytes, init }: Segment): void {
    if (this.#closed || bytes.length === 0) return;
    const last = this.#steps[this.#steps.length - 1];
    // What waits while the SourceBuffer is busy becomes one append.
    if (last?.kind === "append" && last.init === init) {
      last.parts.push(bytes);
      last.size += bytes.length;
    } else this.#steps.push({ kind: "append", init, parts: [bytes], size: bytes.length });
    this.#queuedBytes += bytes.length;
    if (this.#queuedBytes > MAX_QUEUED_BYTES) this.#dropMedia();
    this.#run();
  }

  /** Has media wait, within the same bounds as for a busy SourceBuffer, until it is let in. */
  hold(on: boolean): void {
    this.#held = on;
    this.#run();
  }

  /** What follows is of another type. */
  changeType(mime: string): void {
    if (this.#closed || mime === this.#mime) return;
    this.#mime = mime;
    this.#steps.push({ kind: "type", mime });
    this.#run();
  }

  /** Frees what lies before a time, seconds. */
  trim(before: number): void {
    const { buffered } = this;
    if (this.#closed || buffered === undefined || buffered.length === 0) return;
    if (buffered.start(0) > before - TRIM_STEP || this.#steps.some(({ kind }) => kind === "remove")) return;
    this.#steps.push({ kind: "remove", before });
    this.#run();
  }

  /** Lets go of the SourceBuffer. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#steps = [];
    this.#buffer?.removeEventListener("updateend", this.#onUpdateEnd);
    this.#buffer?.removeEventListener("error", this.#onError);
  }

  #run(): void {
    for (;;) {
      const [step] = this.#steps;
      if (this.#closed || step === undefined || this.#buffer === undefined || this.#buffer.updating) return;
      if (this.#held && step.kind === "append") return;
      try {
        if (!this.#start(step, this.#buffer)) return;
      } catch (error) {
        this.#events.failed(error instanceof Error ? error.message : String(error));
        return;
      }
    }
  }

  /** Starts a step. False where it has to be tried again after another that now runs. */
  #start(step: Step, buffer: SourceBuffer): boolean {
    if (step.kind === "append") {
      const bytes = step.parts.length === 1 ? (step.parts[0] as Uint8Array) : concatBytes(step.parts);
      try {
        buffer.appendBuffer(bytes as Uint8Array<ArrayBuffer>);
      } catch (error) {
        if (!(error instanceof DOMException) || error.name !== "QuotaExceededError") throw error;
        return this.#makeRoom(buffer);
      }
      this.#queuedBytes -= step.size;
      this.#madeRoom = false;
    } else if (step.kind === "type") buffer.changeType(step.mime);
    else buffer.remove(0, step.before);
    this.#steps.shift();
    return true;
  }

  #makeRoom(buffer: SourceBuffer): boolean {
    const before = this.#events.trimBefore();
    const { buffered } = buffer;
    if (!this.#madeRoom && buffered.length > 0 && buffered.start(0) < before) {
      this.#madeRoom = true;
      buffer.remove(0, before);
      return false;
    }
    // Nothing played is left to free: give up what waits, and go on at the next key frame.
    this.#madeRoom = false;
    const had = this.#steps.length;
    this.#dropMedia();
    if (this.#steps.length === had) throw new Error("the browser has no room for an initialization segment");
    return true;
  }

  #dropMedia(): void {
    this.#steps = this.#steps.filter((step) => step.kind !== "append" || step.init);
    this.#queuedBytes = this.#steps.reduce((sum, step) => sum + (step.kind === "append" ? step.size : 0), 0);
    this.#events.overflow();
  }
}

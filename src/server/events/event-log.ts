import { Batch } from "../../hub/batch.js";

/** Something that happened, as it goes over the wire and between processes. */
export interface EventRecord {
  /** One more than that of the event before it. */
  readonly seq: number;
  readonly type: string;
  /** JSON. */
  readonly data: string;
}

/** What the process that knows the events tells one that has readers for them. */
export interface EventNews {
  /** Which server's run it is about: a number means nothing to the next. */
  readonly boot: string;
  /** The newest event before these. */
  readonly before: number;
  readonly records: readonly EventRecord[];
}

/** A record with its bytes, made once for all readers. */
interface Kept extends EventRecord {
  bytes: Batch | undefined;
}

/** How many events are kept for readers that come back. */
export const EVENT_HISTORY = 1_000;

/**
 * The newest events, numbered. Readers are cursors into it, as the hub's are into a stream's batches: nothing is
 * buffered for one. A class because it is a position and the state behind it.
 */
export class EventLog {
  readonly #capacity: number;
  readonly #listeners = new Set<(records: readonly EventRecord[]) => void>();
  #boot: string;
  #kept: Kept[] = [];
  #last = 0;

  /** @param boot names this run of the server: letters and digits */
  constructor(boot: string, capacity: number = EVENT_HISTORY) {
    this.#boot = boot;
    this.#capacity = capacity;
  }

  get boot(): string {
    return this.#boot;
  }

  /** The newest event's number; 0 before the first. */
  get last(): number {
    return this.#last;
  }

  /** The number before the oldest event that is kept. */
  get floor(): number {
    return this.#last - this.#kept.length;
  }

  /** All that is kept, for a process that begins to follow. */
  get news(): EventNews {
    return { boot: this.#boot, before: this.floor, records: this.#kept.map(plain) };
  }

  tell(type: string, data: object): void {
    this.#append({ seq: this.#last + 1, type, data: JSON.stringify(data) });
  }

  /** Takes in what the process that knows has told. Where something is missing in between, all before it is forgotten. */
  adopt({ boot, before, records }: EventNews): void {
    if (boot !== this.#boot || before > this.#last) {
      this.#boot = boot;
      this.#kept = [];
      this.#last = before;
    }
    for (const record of records) if (record.seq > this.#last) this.#append(record);
  }

  /** The bytes of one event; undefined where it is not kept any more, or is still to come. */
  bytesOf(seq: number): Batch | undefined {
    const kept = this.#kept[seq - this.floor - 1];
    if (kept === undefined) return undefined;
    kept.bytes ??= textBatch(eventText(this.idOf(seq), kept.type, kept.data));
    return kept.bytes;
  }

  /** What `Last-Event-ID` is to say. */
  idOf(seq: number): string {
    return `${this.#boot}-${seq}`;
  }

  /** Has each event told as it comes. @returns ends it */
  follow(listener: (records: readonly EventRecord[]) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  #append(record: EventRecord): void {
    this.#last = record.seq;
    this.#kept.push({ ...record, bytes: undefined });
    // Cut down now and then, not each time: moving the whole history for each event would cost more than all the rest.
    if (this.#kept.length >= 2 * this.#capacity) this.#kept = this.#kept.slice(-this.#capacity);
    for (const listener of this.#listeners) listener([record]);
  }
}

/** One event of a `text/event-stream` (HTML standard, section 9.2). @param data of one line, as JSON is */
export function eventText(id: string, type: string, data: string): string {
  return `id: ${id}\nevent: ${type}\ndata: ${data}\n\n`;
}

/** Text as what outlets take: one array that all readers share. */
export function textBatch(text: string): Batch {
  const bytes = Buffer.from(text);
  return new Batch({
    seq: 0,
    bytes,
    packets: [],
    key: false,
    tracks: [],
    dts: 0,
    receivedAt: 0,
    frames: 0,
    size: bytes.length,
    totalBytes: 0,
    totalFrames: 0,
  });
}

function plain({ seq, type, data }: EventRecord): EventRecord {
  return { seq, type, data };
}

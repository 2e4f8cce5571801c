/** Chunks in, messages out: section 5.3, and what encoders make of it. */
import { ByteReader } from "../../bytes/reader.js";
import { MediaError } from "../../model/error.js";
import type { ChunkHeader, ChunkStreamState, MessageHeader } from "./chunk-header.js";
import { MAX_CHUNK_HEADER_SIZE, readChunkHeader } from "./chunk-header.js";
import type { MessageSink } from "./message.js";
import { ABORT, INITIAL_CHUNK_SIZE, SET_CHUNK_SIZE } from "./message.js";

/** Memory that one peer may take. */
export interface ChunkLimits {
  /** Longest message in bytes; default 16,777,215, the most that its length can say. */
  readonly maxMessageLength?: number;
  /** Bytes of all unfinished messages together; default 24 MiB. */
  readonly maxPartialBytes?: number;
  /** Chunk streams in use; default 64. */
  readonly maxChunkStreams?: number;
}

const MAX_LENGTH = 0xff_ffff;
export const DEFAULT_MAX_PARTIAL_BYTES: number = 24 * 1024 * 1024;
const DEFAULT_MAX_CHUNK_STREAMS = 64;

/** A first buffer, for a message of which at most this much is known to come. */
const FIRST_BUFFER_SIZE = 4096;
/** A finished message's buffer is kept for the next up to this size. */
const MAX_SPARE_SIZE = 1024 * 1024;

const NOTHING: Uint8Array = new Uint8Array(0);

/** A chunk stream and what has come of its message. */
interface ChunkStream extends ChunkStreamState {
  header: MessageHeader;
  inMessage: boolean;
  received: number;
  /** The bytes received; it may be larger. Empty while the message may still be handed out as a view. */
  buffer: Uint8Array;
}

/** Takes bytes in any slices and hands out whole messages; Set Chunk Size and Abort it keeps to itself. */
export class ChunkReader {
  readonly #sink: MessageSink;
  readonly #maxMessageLength: number;
  #maxPartialBytes: number;
  readonly #maxChunkStreams: number;
  readonly #streams = new Map<number, ChunkStream>();

  #chunkSize: number = INITIAL_CHUNK_SIZE;
  /** The chunk that is being read: where its payload goes, and how much of it is missing. */
  #current: ChunkStream | undefined;
  #chunkLeft = 0;
  /** The beginning of a header, fewer bytes than the largest takes. */
  #carry: Uint8Array = NOTHING;
  #partialBytes = 0;
  #spare: Uint8Array | undefined;

  constructor(sink: MessageSink, limits: ChunkLimits = {}) {
    this.#sink = sink;
    this.#maxMessageLength = limits.maxMessageLength ?? MAX_LENGTH;
    this.#maxPartialBytes = limits.maxPartialBytes ?? DEFAULT_MAX_PARTIAL_BYTES;
    this.#maxChunkStreams = limits.maxChunkStreams ?? DEFAULT_MAX_CHUNK_STREAMS;
  }

  /** The peer's chunk size in bytes. */
  get chunkSize(): number {
    return this.#chunkSize;
  }

  /** Bytes held for messages that are not complete. */
  get partialBytes(): number {
    return this.#partialBytes;
  }

  /** Changes how much unfinished messages may hold together, in bytes. */
  limitPartial(bytes: number): void {
    this.#maxPartialBytes = bytes;
  }

  /**
   * Takes the next bytes and hands out the messages that end in them. The slice is only borrowed, and so are the
   * bodies handed out: one that lies in the slice as it is, is a view of it.
   *
   * @throws MediaError when the chunks make no sense or go over a limit: nothing after it can be trusted
   */
  push(slice: Uint8Array): void {
    let at = 0;
    if (this.#carry.length > 0) {
      // Enough of the slice is put behind the carry for the header to be complete.
      const carried = this.#carry.length;
      const joined = new Uint8Array(carried + Math.min(slice.length, MAX_CHUNK_HEADER_SIZE));
      joined.set(this.#carry);
      joined.set(slice.subarray(0, joined.length - carried), carried);
      this.#carry = NOTHING;
      const read = this.#read(joined, carried);
      if (read < carried) {
        this.#carry = joined.subarray(read);
        return;
      }
      at = read - carried;
    }
    const bytes = slice.subarray(at);
    const read = this.#read(bytes, bytes.length);
    if (read < bytes.length) this.#carry = new Uint8Array(bytes.subarray(read));
  }

  /** Reads until `stop` is reached or a header is incomplete, and says how far it came. */
  #read(bytes: Uint8Array, stop: number): number {
    let at = 0;
    while (at < stop) {
      if (this.#current !== undefined) {
        at += this.#payload(this.#current, bytes, at);
        continue;
      }
      const header = readChunkHeader(bytes, at, this.#streams);
      if (header === undefined) return at;
      at += header.size;
      this.#begin(header);
    }
    return at;
  }

  /** Starts on a chunk whose header is complete. */
  #begin(chunk: ChunkHeader): void {
    let stream = this.#streams.get(chunk.chunkStreamId);
    const starts = chunk.starts;
    if (starts !== undefined) {
      if (starts.length > this.#maxMessageLength) {
        throw new MediaError(
          "limit",
          `a message of ${starts.length} bytes, ${this.#maxMessageLength} are allowed`,
        );
      }
      if (stream === undefined) {
        if (this.#streams.size >= this.#maxChunkStreams) {
          throw new MediaError("limit", `more than ${this.#maxChunkStreams} chunk streams`);
        }
        stream = { header: starts, inMessage: true, received: 0, buffer: NOTHING };
        this.#streams.set(chunk.chunkStreamId, stream);
      }
      stream.header = starts;
      stream.inMessage = true;
    }
    if (stream === undefined) return; // A header that goes on with a message has a stream
    this.#current = stream;
    this.#chunkLeft = Math.min(this.#chunkSize, stream.header.length - stream.received);
    if (stream.header.length === 0) this.#finish(stream, NOTHING);
  }

  /** Takes what there is of the current chunk's payload, and says how much. */
  #payload(stream: ChunkStream, bytes: Uint8Array, at: number): number {
    const taken = Math.min(this.#chunkLeft, bytes.length - at);
    const length = stream.header.length;
    if (taken === length) {
      this.#finish(stream, bytes.subarray(at, at + taken));
      return taken;
    }
    this.#append(stream, bytes.subarray(at, at + taken));
    this.#chunkLeft -= taken;
    if (stream.received === length) this.#finish(stream, stream.buffer.subarray(0, length));
    else if (this.#chunkLeft === 0) this.#current = undefined;
    return taken;
  }

  #append(stream: ChunkStream, part: Uint8Array): void {
    const needed = stream.received + part.length;
    if (needed > stream.buffer.length) {
      // Doubling, not the declared length: who declares 16 MiB and sends nothing costs nothing.
      const size = Math.min(
        stream.header.length,
        Math.max(needed, 2 * stream.buffer.length, FIRST_BUFFER_SIZE),
      );
      const buffer = this.#takeBuffer(size);
      this.#partialBytes += buffer.length - stream.buffer.length;
      if (this.#partialBytes > this.#maxPartialBytes) {
        throw new MediaError("limit", `unfinished messages of more than ${this.#maxPartialBytes} bytes`);
      }
      buffer.set(stream.buffer.subarray(0, stream.received));
      stream.buffer = buffer;
    }
    stream.buffer.set(part, stream.received);
    stream.received = needed;
  }

  #takeBuffer(size: number): Uint8Array {
    const spare = this.#spare;
    if (spare === undefined || spare.length < size) return new Uint8Array(size);
    this.#spare = undefined;
    return spare;
  }

  /** Hands out a complete message. */
  #finish(stream: ChunkStream, body: Uint8Array): void {
    const buffer = stream.buffer;
    this.#drop(stream);
    this.#current = undefined;
    const { type, timestamp, streamId } = stream.header;
    if (type === SET_CHUNK_SIZE) this.#setChunkSize(body);
    else if (type === ABORT) this.#abort(body);
    else this.#sink(type, timestamp, streamId, body);
    // Only now: the body may lie in it.
    if (buffer.length > (this.#spare?.length ?? 0) && buffer.length <= MAX_SPARE_SIZE) this.#spare = buffer;
  }

  /** Forgets what has come of a stream's message. */
  #drop(stream: ChunkStream): void {
    this.#partialBytes -= stream.buffer.length;
    stream.buffer = NOTHING;
    stream.received = 0;
    stream.inMessage = false;
  }

  /** Section 5.4.1. More than a message can hold is as good as that. */
  #setChunkSize(body: Uint8Array): void {
    const size = new ByteReader(body).u32();
    if (size === 0 || size > 0x7fff_ffff) throw new MediaError("malformed", `a chunk size of ${size}`);
    this.#chunkSize = Math.min(size, MAX_LENGTH);
  }

  /** Section 5.4.2: the rest of that chunk stream's message does not come. */
  #abort(body: Uint8Array): void {
    const stream = this.#streams.get(new ByteReader(body).u32());
    if (stream?.inMessage) this.#drop(stream);
  }
}

/** What both ends of a connection do alike: handshake, chunks, acknowledgements, bandwidth and pings (section 5.4). */
import { ByteQueue } from "../../bytes/queue.js";
import { ByteReader } from "../../bytes/reader.js";
import { ByteWriter } from "../../bytes/writer.js";
import type { ChunkLimits } from "./chunk-reader.js";
import { ChunkReader } from "./chunk-reader.js";
import { writeMessage } from "./chunk-writer.js";
import type { Handshake } from "./handshake.js";
import type { MessageSink } from "./message.js";
import {
  ACKNOWLEDGEMENT,
  chunkStreamOf,
  EVENT_PING_REQUEST,
  EVENT_PING_RESPONSE,
  INITIAL_CHUNK_SIZE,
  LIMIT_DYNAMIC,
  LIMIT_HARD,
  LIMIT_SOFT,
  SET_CHUNK_SIZE,
  SET_PEER_BANDWIDTH,
  USER_CONTROL,
  WINDOW_ACKNOWLEDGEMENT_SIZE,
} from "./message.js";

/**
 * The window that we state, and assume until the peer states one: some encoders stall without acknowledgements that
 * they never asked for. It is not small, because others, FFmpeg among them, close without having read them; their
 * kernel then answers with a reset, which costs the end of what they sent faster than real time.
 */
export const DEFAULT_WINDOW = 5_000_000;

export interface LinkHandler {
  /** Takes bytes to send; they are its own. */
  send(bytes: Uint8Array): void;
  /** The handshake is over. */
  open(): void;
  /** A message that is not about the link itself. */
  readonly message: MessageSink;
  /** A user control event other than a ping request. */
  event(event: number, value: number): void;
}

/** One connection's link. */
export interface Link {
  /** Takes bytes, and sends what they call for. @throws MediaError, after which the link is of no more use */
  push(slice: Uint8Array): void;
  /** Puts a message on the way; it is sent at the latest when the `push` under way returns. */
  write(type: number, streamId: number, body: Uint8Array, timestamp?: number): void;
  /** Puts a user control event with its numbers on the way. */
  writeEvent(event: number, ...values: readonly number[]): void;
  /** Asks the peer for an acknowledgement each time it has received so many bytes. */
  setWindow(size: number): void;
  /** Tells the peer how much it may send unacknowledged. */
  setPeerBandwidth(size: number): void;
  /** Tells the peer our chunk size, in force from the next message on. */
  setChunkSize(size: number): void;
  /** Changes how much memory the peer's unfinished messages may take, in bytes. */
  limitPartial(bytes: number): void;
  /** Sends what is on the way now. */
  flush(): void;
  /** Bytes received, handshake included. */
  readonly bytesIn: number;
  /** The latest count of bytes that the peer says it has received: unsigned 32 bits. */
  readonly acknowledged: number;
}

export function createLink(handshake: Handshake, handler: LinkHandler, limits?: ChunkLimits): Link {
  const queue = new ByteQueue();
  const chunks = new ChunkReader(receive, limits);
  const out = new ByteWriter(512);

  let chunkSize = INITIAL_CHUNK_SIZE;
  let bytesIn = 0;
  let acknowledgedAt = 0;
  let window = DEFAULT_WINDOW;
  let acknowledged = 0;
  /** The window that we told the peer last, and the limit that it set us. */
  let ourWindow: number | undefined;
  let limit: { size: number; hard: boolean } | undefined;

  function write(type: number, streamId: number, body: Uint8Array, timestamp = 0): void {
    writeMessage(out, chunkStreamOf(type), type, timestamp, streamId, body, chunkSize);
  }

  function writeU32(type: number, value: number): void {
    const body = new ByteWriter(4);
    body.u32(value);
    write(type, 0, body.finish());
  }

  function setWindow(size: number): void {
    ourWindow = size;
    writeU32(WINDOW_ACKNOWLEDGEMENT_SIZE, size);
  }

  function writeEvent(event: number, ...values: readonly number[]): void {
    const body = new ByteWriter(10);
    body.u16(event);
    for (const value of values) body.u32(value);
    write(USER_CONTROL, 0, body.finish());
  }

  function flush(): void {
    if (out.length > 0) handler.send(out.finish());
  }

  function receive(type: number, timestamp: number, streamId: number, body: Uint8Array): void {
    switch (type) {
      case ACKNOWLEDGEMENT:
        acknowledged = new ByteReader(body).u32();
        break;
      case WINDOW_ACKNOWLEDGEMENT_SIZE:
        // Nothing is no window: keep what we have.
        window = new ByteReader(body).u32() || window;
        break;
      case SET_PEER_BANDWIDTH:
        limitBandwidth(new ByteReader(body));
        break;
      case USER_CONTROL:
        receiveEvent(new ByteReader(body));
        break;
      default:
        handler.message(type, timestamp, streamId, body);
    }
  }

  /** Section 5.4.5: a limit that differs from the window we told last is answered with a new window. */
  function limitBandwidth(reader: ByteReader): void {
    let size = reader.u32();
    const type = reader.remaining > 0 ? reader.u8() : LIMIT_HARD;
    if (type > LIMIT_DYNAMIC || (type === LIMIT_DYNAMIC && limit?.hard !== true)) return;
    if (type === LIMIT_SOFT && limit !== undefined) size = Math.min(size, limit.size);
    limit = { size, hard: type !== LIMIT_SOFT };
    if (size !== ourWindow) setWindow(size);
  }

  function receiveEvent(reader: ByteReader): void {
    const event = reader.u16();
    if (event === EVENT_PING_REQUEST) {
      writeEvent(EVENT_PING_RESPONSE, reader.u32());
      return;
    }
    // Some events have two numbers (Set Buffer Length: the stream, then the length): the last one is what counts.
    let value = 0;
    while (reader.remaining >= 4) value = reader.u32();
    handler.event(event, value);
  }

  function acknowledge(): void {
    // Half a window early: the peer need never stop for want of one.
    if (bytesIn - acknowledgedAt < window / 2) return;
    acknowledgedAt = bytesIn;
    writeU32(ACKNOWLEDGEMENT, bytesIn % 2 ** 32);
  }

  return {
    push(slice) {
      bytesIn += slice.length;
      let rest: Uint8Array | undefined = slice;
      if (!handshake.done) {
        queue.push(slice);
        const answer = handshake.advance(queue);
        if (answer.length > 0) handler.send(answer);
        if (!handshake.done) {
          queue.keep();
          return;
        }
        rest = queue.take(queue.length);
        queue.clear();
        handler.open();
      }
      try {
        if (rest !== undefined) chunks.push(rest);
        acknowledge();
      } finally {
        // What a failing peer is told, such as why, is sent before the failure is.
        flush();
      }
    },
    write,
    writeEvent,
    setWindow,
    setPeerBandwidth(size) {
      const body = new ByteWriter(5);
      body.u32(size);
      body.u8(LIMIT_DYNAMIC);
      write(SET_PEER_BANDWIDTH, 0, body.finish());
    },
    setChunkSize(size) {
      writeU32(SET_CHUNK_SIZE, size);
      chunkSize = size;
    },
    limitPartial: (bytes) => chunks.limitPartial(bytes),
    flush,
    get bytesIn() {
      return bytesIn;
    },
    get acknowledged() {
      return acknowledged;
    },
  };
}

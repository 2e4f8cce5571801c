/** The chunk header, section 5.3.1. */
import { u24At, u32At } from "../../bytes/bytes.js";
import { MediaError } from "../../model/error.js";

/** What the headers of a chunk stream say of a message, and what a later header may repeat. */
export interface MessageHeader {
  readonly type: number;
  /** Bytes of the body. */
  readonly length: number;
  readonly streamId: number;
  /** Raw milliseconds, unsigned 32 bits. */
  readonly timestamp: number;
  /** What a header of type 3 that starts the next message adds to the timestamp. */
  readonly delta: number;
  /** The extended timestamp; undefined where the header has none. */
  readonly extended: number | undefined;
  /** Whether the extended timestamp is a timestamp (type 0), not a delta. */
  readonly absolute: boolean;
}

/** What is known of a chunk stream when one of its headers is read. */
export interface ChunkStreamState {
  /** Its latest message. */
  readonly header: MessageHeader;
  /** Whether that message is not complete. */
  readonly inMessage: boolean;
}

export interface ChunkHeader {
  /** Bytes that it takes. */
  readonly size: number;
  readonly chunkStreamId: number;
  /** The message that it starts; undefined when it goes on with the chunk stream's present one. */
  readonly starts: MessageHeader | undefined;
}

/** Basic header, message header and extended timestamp. */
export const MAX_CHUNK_HEADER_SIZE: number = 3 + 11 + 4;

/** The value of a timestamp field that says: see the extended timestamp. */
export const EXTENDED_TIMESTAMP = 0xff_ffff;

const MESSAGE_HEADER_SIZE = [11, 7, 3, 0] as const;

/**
 * The header at an offset; undefined while it is incomplete. Changes nothing.
 *
 * @throws MediaError `malformed` where no sense can be made of it
 */
export function readChunkHeader(
  bytes: Uint8Array,
  start: number,
  streams: ReadonlyMap<number, ChunkStreamState>,
): ChunkHeader | undefined {
  const first = bytes[start];
  if (first === undefined) return undefined;
  const format = first >> 6;

  // Section 5.3.1.1: 2 to 63 in one byte, 64 to 319 in two, 64 to 65,599 in three, the low byte first.
  let chunkStreamId = first & 0x3f;
  let at = start + 1;
  if (chunkStreamId < 2) {
    const idBytes = chunkStreamId + 1;
    if (bytes.length < at + idBytes) return undefined;
    chunkStreamId = 64 + (bytes[at] as number) + (idBytes === 2 ? 256 * (bytes[at + 1] as number) : 0);
    at += idBytes;
  }

  const state = streams.get(chunkStreamId);
  if (format === 3 && state !== undefined) {
    const rest = state.inMessage
      ? readContinuation(bytes, at, state.header)
      : readRepetition(bytes, at, state.header);
    return rest && { size: at + rest.size - start, chunkStreamId, starts: rest.starts };
  }
  // A first header should be of type 0. librtmp opens its ping with type 1, whose message stream is then 0.
  if (state === undefined && format > 1) {
    throw new MediaError("malformed", `chunk stream ${chunkStreamId} begins with a header of type ${format}`);
  }
  const rest = readFullHeader(bytes, at, format, state?.header);
  if (rest === undefined) return undefined;
  const size = at + rest.size - start;
  if (state === undefined || !state.inMessage) return { size, chunkStreamId, starts: rest.starts };
  // Nobody should, but a header that says the present message again does no harm. Another one's does.
  if (format === 0 || rest.starts.length !== state.header.length || rest.starts.type !== state.header.type) {
    throw new MediaError("malformed", `chunk stream ${chunkStreamId}: a message begins inside another`);
  }
  return { size, chunkStreamId, starts: undefined };
}

/** Types 0, 1 and 2, after the basic header (sections 5.3.1.2.1 to 5.3.1.2.3). */
function readFullHeader(
  bytes: Uint8Array,
  start: number,
  format: number,
  last: MessageHeader | undefined,
): { size: number; starts: MessageHeader } | undefined {
  if (bytes.length < start + (MESSAGE_HEADER_SIZE[format] as number)) return undefined;
  const field = u24At(bytes, start);
  let at = start + 3;
  let length = last?.length ?? 0;
  let type = last?.type ?? 0;
  let streamId = last?.streamId ?? 0;
  if (format < 2) {
    length = u24At(bytes, at);
    type = bytes[at + 3] as number;
    at += 4;
  }
  if (format === 0) {
    streamId = u32le(bytes, at);
    at += 4;
  }
  let extended: number | undefined;
  if (field === EXTENDED_TIMESTAMP) {
    if (bytes.length < at + 4) return undefined;
    extended = u32At(bytes, at);
    at += 4;
  }
  const absolute = format === 0;
  const delta = extended ?? field;
  const timestamp = absolute ? delta : ((last?.timestamp ?? 0) + delta) >>> 0;
  return { size: at - start, starts: { type, length, streamId, timestamp, delta, extended, absolute } };
}

/** Type 3 that starts a message: all as before, one delta later (section 5.3.1.2.4; FMLE does so with `C4`). */
function readRepetition(
  bytes: Uint8Array,
  at: number,
  last: MessageHeader,
): { size: number; starts: MessageHeader } | undefined {
  if (last.extended === undefined) {
    return { size: 0, starts: { ...last, timestamp: (last.timestamp + last.delta) >>> 0 } };
  }
  if (bytes.length < at + 4) return undefined;
  const extended = u32At(bytes, at);
  // After type 0 the letter of the specification would add the whole timestamp, hours, to itself. Those who write this
  // repeat the field because it is the field's value: a timestamp, not a delta.
  const timestamp = last.absolute ? extended : (last.timestamp + extended) >>> 0;
  return { size: 4, starts: { ...last, timestamp, delta: extended, extended } };
}

/**
 * Type 3 within a message. After an extended timestamp Adobe and FFmpeg repeat it here, others do not, so the next
 * four bytes are compared with what would be repeated: the field, or, from those who take it for one, the timestamp.
 */
function readContinuation(
  bytes: Uint8Array,
  at: number,
  present: MessageHeader,
): { size: number; starts: undefined } | undefined {
  if (present.extended === undefined) return { size: 0, starts: undefined };
  const field = compare(bytes, at, present.extended);
  // A timestamp below the limit would have no extended field: four payload bytes only look like it.
  const isLarge = present.timestamp >= EXTENDED_TIMESTAMP;
  const timestamp = isLarge ? compare(bytes, at, present.timestamp) : "differs";
  if (field === "same" || timestamp === "same") return { size: 4, starts: undefined };
  if (field === "incomplete" || timestamp === "incomplete") return undefined;
  return { size: 0, starts: undefined };
}

/** Compares as many bytes as there are, so that payload that differs is told from a repetition without waiting. */
function compare(bytes: Uint8Array, at: number, value: number): "same" | "differs" | "incomplete" {
  for (let i = 0; i < 4; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) return "incomplete";
    if (byte !== ((value >>> (24 - 8 * i)) & 0xff)) return "differs";
  }
  return "same";
}

function u32le(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) +
    (bytes[at + 1] as number) * 0x100 +
    (bytes[at + 2] as number) * 0x1_0000 +
    (bytes[at + 3] as number) * 0x100_0000
  );
}

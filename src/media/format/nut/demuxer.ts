import { toHex } from "../../bytes/bytes.js";
import { ByteQueue } from "../../bytes/queue.js";
import { ByteReader } from "../../bytes/reader.js";
import { createSteps } from "../../bytes/steps.js";
import type { Demuxer, DemuxerSink } from "../../model/container.js";
import { MediaError } from "../../model/error.js";
import { crc32 } from "./checksum.js";
import {
  FLAG_CHECKSUM,
  FLAG_CODED,
  FLAG_CODED_PTS,
  FLAG_HEADER_INDEX,
  FLAG_INVALID,
  FLAG_MATCH_TIME,
  FLAG_RESERVED,
  FLAG_SIDE_DATA,
  FLAG_SIZE_MSB,
  FLAG_STREAM_ID,
  ID_STRING,
  LONG_PACKET,
  MAIN_STARTCODE,
  STARTCODE_FIRST,
  STARTCODE_SIZE,
  STREAM_STARTCODE,
  SYNCPOINT_STARTCODE,
} from "./constants.js";
import {
  type MainHeader,
  readMainHeader,
  readNutNumber,
  readSignedNumber,
  readStreamHeader,
  type StreamHeader,
} from "./header.js";
import { createPictureReader, type PictureReader } from "./picture.js";

/** More than any header takes: main headers are hundreds of bytes, extradata a few thousand. */
const MAX_PACKET_BYTES = 1024 * 1024;
const MAX_FRAME_BYTES = 32 * 1024 * 1024;
/** A startcode or a frame's header: flags, numbers and reserved fields. */
const MAX_HEAD_BYTES = 128;
const CHECKSUM_SIZE = 4;
const MICROSECONDS = 1_000_000;

/** What is read next, once its bytes are there. */
type Pending =
  | { readonly kind: "packet"; readonly startcode: string; readonly size: number }
  | { readonly kind: "frame"; readonly pts: number; readonly elided: Uint8Array; readonly size: number };

/**
 * Reads NUT of one stream of pictures in H.265, VP9 or AV1, as FFmpeg writes it into a pipe: of its formats the one that
 * holds all of them in every version, with their times, and gives out each frame when it comes.
 *
 * A packet's `dts` is its `pts`: the encoders that this is for reorder nothing.
 */
export function createNutDemuxer(sink: DemuxerSink): Demuxer {
  const queue = new ByteQueue();
  let begun = false;
  let main: MainHeader | undefined;
  let stream: StreamHeader | undefined;
  let pictures: PictureReader | undefined;
  let pending: Pending | undefined;
  /** In ticks. */
  let lastPts = 0;

  function step(receivedAt: number): boolean {
    if (!begun) {
      const id = queue.take(ID_STRING.length);
      if (id === undefined) return false;
      if (String.fromCharCode(...id) !== ID_STRING)
        throw new MediaError("malformed", "not NUT: wrong signature");
      begun = true;
      return true;
    }
    if (pending === undefined) {
      pending = readHead();
      return pending !== undefined;
    }
    const bytes = queue.take(pending.size);
    if (bytes === undefined) return false;
    const { kind } = pending;
    if (kind === "packet") readPacket(pending.startcode, bytes);
    else readFrame(pending.pts, pending.elided, bytes, receivedAt);
    pending = undefined;
    return true;
  }

  /** Undefined while its end has not come. */
  function readHead(): Pending | undefined {
    const bytes = queue.peek(Math.min(queue.length, MAX_HEAD_BYTES));
    if (bytes === undefined || bytes.length === 0) return undefined;
    const reader = new ByteReader(bytes);
    try {
      const head = bytes[0] === STARTCODE_FIRST ? readPacketHead(reader) : readFrameHead(reader);
      queue.skip(reader.position);
      return head;
    } catch (error) {
      const isShort = error instanceof MediaError && error.code === "truncated";
      if (isShort && bytes.length < MAX_HEAD_BYTES) return undefined;
      throw error;
    }
  }

  function readPacketHead(reader: ByteReader): Pending {
    const startcode = toHex(reader.view(STARTCODE_SIZE));
    const size = readNutNumber(reader);
    if (size > LONG_PACKET) reader.skip(CHECKSUM_SIZE);
    if (size > MAX_PACKET_BYTES) throw new MediaError("limit", `nut: a packet of ${size} bytes`);
    if (size < CHECKSUM_SIZE) throw new MediaError("malformed", `nut: a packet of ${size} bytes`);
    return { kind: "packet", startcode, size };
  }

  function readFrameHead(reader: ByteReader): Pending {
    if (main === undefined || stream === undefined)
      throw new MediaError("malformed", "nut: a frame before the headers");
    const code = main.frameCodes[reader.u8()];
    if (code === undefined || (code.flags & FLAG_INVALID) !== 0)
      throw new MediaError("malformed", "nut: a frame code that there is not");
    // Coded flags are those in which the frame differs.
    const flags = (code.flags & FLAG_CODED) === 0 ? code.flags : code.flags ^ readNutNumber(reader);
    if ((flags & FLAG_SIDE_DATA) !== 0) throw new MediaError("unsupported", "nut: side data");
    if ((flags & FLAG_STREAM_ID) !== 0 && readNutNumber(reader) !== 0)
      throw new MediaError("malformed", "nut: a frame of another stream");
    const pts =
      (flags & FLAG_CODED_PTS) === 0
        ? lastPts + code.ptsDelta
        : wholePts(readNutNumber(reader), lastPts, stream.ptsShift);
    const msb = (flags & FLAG_SIZE_MSB) === 0 ? 0 : readNutNumber(reader);
    const size = code.sizeLsb + code.sizeMul * msb;
    if ((flags & FLAG_MATCH_TIME) !== 0) readSignedNumber(reader);
    const index = (flags & FLAG_HEADER_INDEX) === 0 ? code.headerIndex : readNutNumber(reader);
    const reserved = (flags & FLAG_RESERVED) === 0 ? code.reserved : readNutNumber(reader);
    for (let i = 0; i < reserved; i++) readNutNumber(reader);
    if ((flags & FLAG_CHECKSUM) !== 0) reader.skip(CHECKSUM_SIZE);
    const elided = main.elided[size > LONG_PACKET ? 0 : index];
    if (elided === undefined || elided.length > size)
      throw new MediaError("malformed", `nut: elided header ${index} of a frame of ${size} bytes`);
    if (size > MAX_FRAME_BYTES) throw new MediaError("limit", `nut: a frame of ${size} bytes`);
    if (!Number.isSafeInteger(pts)) throw new MediaError("malformed", "nut: a time beyond all times");
    return { kind: "frame", pts, elided, size: size - elided.length };
  }

  function readPacket(startcode: string, bytes: Uint8Array): void {
    const payload = bytes.subarray(0, bytes.length - CHECKSUM_SIZE);
    switch (startcode) {
      case MAIN_STARTCODE:
        check(bytes);
        // It is repeated now and then, the same.
        main = readMainHeader(payload);
        break;
      case STREAM_STARTCODE:
        check(bytes);
        if (stream !== undefined) break;
        stream = readStreamHeader(payload);
        pictures = createPictureReader(stream);
        break;
      case SYNCPOINT_STARTCODE:
        check(bytes);
        lastPts = readNutNumber(new ByteReader(payload));
        break;
      default: // What the file is called, an index.
    }
  }

  function readFrame(pts: number, elided: Uint8Array, bytes: Uint8Array, receivedAt: number): void {
    lastPts = pts;
    if (main === undefined || pictures === undefined) return;
    const whole = new Uint8Array(elided.length + bytes.length);
    whole.set(elided);
    whole.set(bytes, elided.length);
    const picture = pictures.read(whole);
    if (picture === undefined) return;
    if (picture.changed) sink.track(picture.track);
    const { num, den } = main.timeBase;
    const micros = Math.round((pts * num * MICROSECONDS) / den);
    if (!Number.isSafeInteger(micros)) throw new MediaError("malformed", "nut: a time beyond all times");
    const { track, key, data } = picture;
    sink.packet({ track, dts: micros, pts: micros, key, data, receivedAt });
  }

  const steps = createSteps(queue, step);
  return {
    push: steps.push,
    end() {
      steps.check();
      if (begun && pending === undefined && queue.length === 0) return;
      throw new MediaError("truncated", begun ? "NUT ends inside something" : "no NUT header");
    },
  };
}

function check(bytes: Uint8Array): void {
  if (crc32(bytes) !== 0) throw new MediaError("malformed", "nut: a wrong checksum");
}

/** A time from its low bits, as near to the last one as they allow; or given as a whole, with one bit more. */
function wholePts(coded: number, last: number, shift: number): number {
  const range = 2 ** shift;
  if (coded >= range) return coded - range;
  const least = last - Math.floor((range - 1) / 2);
  return least + ((((coded - least) % range) + range) % range);
}
